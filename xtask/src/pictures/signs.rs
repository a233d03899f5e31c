//! The shop's mark, and the drawing for a page with nothing on it.

use super::figure::{self, Figure};
use super::ink::stroke;
use super::pattern::Pattern;
use super::plate::pegs;
use super::prop::Prop;
use super::sock::{self, Sock};

/// Draws the mark: a sock in one colour that the page decides, legible at 24 pixels.
pub(super) fn mark() -> String {
    let figure = Figure::new(250.0);
    let (outline, seams) = (figure.outline(), figure::heel_seam() + &figure.toe_seam());
    let cut = figure.line(&[(-100.0, 84.0), (100.0, 84.0)]);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="228 220 508 508">
<mask id="mark-seams" maskUnits="userSpaceOnUse" x="200" y="200" width="560" height="560">
<path fill="#fff" d="M200 200h560v560H200z"/><path fill="none" stroke="#000" stroke-width="32" d="{seams}{cut}"/>
</mask>
<path fill="currentColor" stroke="currentColor" stroke-width="14" stroke-linejoin="round" mask="url(#mark-seams)" d="{outline}"/>
</svg>
"##
    )
}

/// Draws a lone sock on a washing line, on whatever the page is coloured.
pub(super) fn empty() -> String {
    let sock = Sock {
        top: 150.0,
        cuff: 62.0,
        yarn: "#f1e6d0",
        rim: "#b3361e",
        trim: "#b3361e",
        pattern: Pattern::Stripes(&[(44.0, "#f1e6d0"), (26.0, "#d9907c")]),
        prop: Prop::None,
    };
    let (sock, pegs) = (sock::draw(&sock, "empty"), pegs(&Figure::new(sock.top)));
    let line = stroke("#857b6c", 6.0, "M8 70Q400 190 792 70");
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 640">
{line}
<g transform="translate(48 -6) rotate(4 360 150) scale(.84)">
{sock}{pegs}
</g>
</svg>
"#
    )
}
