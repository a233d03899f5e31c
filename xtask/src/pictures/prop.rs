//! What some socks carry besides a pattern.

use super::figure::Figure;
use super::ink::{INK, stroke};
use super::{cat, leg};

/// Something drawn round the cuff.
#[derive(Clone, Copy)]
pub(super) enum Prop {
    /// Nothing: a sock is a sock.
    None,
    /// A ring of light above the opening.
    Halo,
    /// Ears on the cuff, and a face below them.
    Cat,
    /// A bit of leg, and the trousers it vanishes into.
    Leg,
}

impl Prop {
    /// Returns how much room it needs above the cuff.
    pub(super) fn headroom(self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Halo => 84.0,
            Self::Cat => 70.0,
            Self::Leg => 130.0,
        }
    }

    /// Draws what lies behind the sock.
    pub(super) fn behind(self, figure: &Figure, trim: &str) -> String {
        match self {
            Self::Cat => cat::ears(figure, trim),
            _ => String::new(),
        }
    }

    /// Draws what stands in the sock.
    pub(super) fn inside(self, figure: &Figure) -> String {
        match self {
            Self::Leg => leg::draw(figure),
            _ => String::new(),
        }
    }

    /// Draws the cuff's surface: ribs, or a face.
    pub(super) fn on_cuff(self, figure: &Figure, height: f64) -> String {
        match self {
            Self::Cat => cat::face(figure, height),
            _ => ribs(figure, height),
        }
    }

    /// Draws what hangs in front of the sock.
    pub(super) fn before(self, figure: &Figure) -> String {
        match self {
            Self::Halo => halo(figure),
            _ => String::new(),
        }
    }
}

fn ribs(figure: &Figure, height: f64) -> String {
    let lines: String = (-4..=4)
        .map(|n| {
            figure.line(&[
                (f64::from(n) * 20.0, 10.0),
                (f64::from(n) * 20.0, height - 8.0),
            ])
        })
        .collect();
    stroke(INK, 3.5, &lines)
}

fn halo(figure: &Figure) -> String {
    let (x, y) = figure.at((0.0, -58.0));
    let ring = |colour: &str, width: u8| {
        format!(
            r#"<ellipse cx="{x:.1}" cy="{y:.1}" rx="92" ry="22" fill="none" stroke="{colour}" stroke-width="{width}"/>"#
        )
    };
    format!(
        r#"<g transform="rotate(-7 {x:.1} {y:.1})">{}{}</g>"#,
        ring(INK, 22),
        ring("#e0ad3f", 12)
    )
}
