//! One sock, from the inside of its cuff to the last stitch.

use super::figure::{self, Figure, HALF};
use super::ink::{INK, dim, fill, outlined};
use super::knit::block;
use super::pattern::Pattern;
use super::prop::Prop;

/// A sock as it is knitted.
pub(super) struct Sock {
    /// Where on the drawing the cuff begins: less is a longer leg.
    pub(super) top: f64,
    /// How tall the cuff is on the grid.
    pub(super) cuff: f64,
    /// Colour of leg and foot.
    pub(super) yarn: &'static str,
    /// Colour of the cuff.
    pub(super) rim: &'static str,
    /// Colour of heel and toe.
    pub(super) trim: &'static str,
    /// What is knitted in.
    pub(super) pattern: Pattern,
    /// What else belongs to it.
    pub(super) prop: Prop,
}

/// Draws `sock`; `id` sets its clip path apart from others on the same page.
pub(super) fn draw(sock: &Sock, id: &str) -> String {
    let figure = Figure::new(sock.top);
    let outline = figure.outline();
    [
        sock.prop.behind(&figure, sock.rim),
        opening(&figure, sock.rim),
        sock.prop.inside(&figure),
        format!(r#"<clipPath id="{id}-clip"><path d="{outline}"/></clipPath>"#),
        format!(
            r#"<g clip-path="url(#{id}-clip)"><path fill="{}" d="{outline}"/>"#,
            sock.yarn
        ),
        sock.pattern.draw(&figure, sock.cuff),
        wales(&figure, sock.cuff),
        reinforced(&figure, sock.trim),
        shade(&figure),
        "</g>".into(),
        outlined("none", 6.0, &outline),
        cuff(&figure, sock),
        sock.prop.before(&figure),
    ]
    .join("\n")
}

fn opening(figure: &Figure, trim: &str) -> String {
    let d = figure.opening();
    format!(
        r#"<path fill="{trim}" d="{d}"/><path fill="{INK}" fill-opacity=".45" stroke="{INK}" stroke-width="5" d="{d}"/>"#
    )
}

/// Draws the columns of stitches, just visible.
fn wales(figure: &Figure, from: f64) -> String {
    let lines: String = (-4..=4)
        .map(|n| {
            figure.line(&[
                (f64::from(n) * 20.0, from),
                (f64::from(n) * 20.0, figure.end()),
            ])
        })
        .collect();
    format!(
        r#"<path fill="none" stroke="{INK}" stroke-opacity=".13" stroke-width="2" stroke-dasharray="11 9" d="{lines}"/>"#
    )
}

fn reinforced(figure: &Figure, trim: &str) -> String {
    let (heel, toe) = (figure::heel(), figure.toe());
    let seams = figure::heel_seam() + &figure.toe_seam();
    format!(
        r#"<path fill="{trim}" d="{heel}"/><path fill="{trim}" d="{toe}"/>
<g fill="none" stroke="{INK}"><path stroke-width="4" d="{seams}"/><path stroke-width="16" stroke-dasharray="2.5 9.5" d="{seams}"/></g>"#
    )
}

fn shade(figure: &Figure) -> String {
    let d = figure.shade();
    format!(r#"<path fill="none" stroke="{INK}" stroke-opacity=".14" stroke-width="52" d="{d}"/>"#)
}

fn cuff(figure: &Figure, sock: &Sock) -> String {
    let edge = HALF + 5.0;
    let d = block(figure, (-edge, 0.0), (edge, sock.cuff));
    let shade = block(figure, (-edge, 0.0), (-64.0, sock.cuff));
    fill(sock.rim, &d)
        + &sock.prop.on_cuff(figure, sock.cuff)
        + &dim(&shade)
        + &outlined("none", 6.0, &d)
}
