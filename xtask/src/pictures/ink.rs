//! Flat colour and plain line: the only two ways anything is drawn.

/// The colour of outlines.
pub(super) const INK: &str = "#1f1b16";
/// The colour of the page.
pub(super) const PAPER: &str = "#faf7f2";

/// Fills the path `d`.
pub(super) fn fill(colour: &str, d: &str) -> String {
    format!(r#"<path fill="{colour}" d="{d}"/>"#)
}

/// Draws along the path `d`.
pub(super) fn stroke(colour: &str, width: f64, d: &str) -> String {
    format!(
        r#"<path fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round" stroke-linecap="round" d="{d}"/>"#
    )
}

/// Fills the path `d` and outlines it in ink.
pub(super) fn outlined(colour: &str, width: f64, d: &str) -> String {
    format!(
        r#"<path fill="{colour}" stroke="{INK}" stroke-width="{width}" stroke-linejoin="round" d="{d}"/>"#
    )
}

/// Lays a flat shade over the path `d`.
pub(super) fn dim(d: &str) -> String {
    format!(r#"<path fill="{INK}" fill-opacity=".16" d="{d}"/>"#)
}
