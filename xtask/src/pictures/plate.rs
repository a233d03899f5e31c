//! A page of the catalogue: paper, a frame, and one sock or a pair.

use super::figure::Figure;
use super::ink::{INK, PAPER, dim, outlined, stroke};
use super::knit::block;
use super::sock::{self, Sock};

/// The middle of every sock, from heel to toe.
const MIDDLE: f64 = 482.0;
/// The height the sole stands on.
const FLOOR: f64 = 700.0;
/// The height one sock may fill.
const FULL: f64 = 620.0;

/// How the socks of a picture are arranged.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Pose {
    /// One sock, from the side.
    Single,
    /// One behind the other, a step ahead.
    Stride,
    /// Two socks that face each other.
    Facing,
    /// One leg over the other.
    Crossed,
    /// Pegged to a line.
    Hung,
}

/// Where a sock lies: how far its middle is from the middle of the page (in
/// its own units), its lean in degrees, its scale, and whether it looks left.
struct Place {
    at: (f64, f64),
    lean: f64,
    scale: f64,
    mirrored: bool,
}

impl Pose {
    /// Returns whether one sock stands in the other's shade.
    fn overlaps(self) -> bool {
        matches!(self, Self::Stride | Self::Crossed)
    }

    /// Returns the place of each sock, the far one first.
    fn places(self) -> Vec<Place> {
        let place = |x, y, lean, scale| Place {
            at: (x, y),
            lean,
            scale,
            mirrored: false,
        };
        match self {
            Self::Single => vec![place(0.0, 0.0, 0.0, 1.06)],
            Self::Stride => vec![place(98.0, -28.0, 0.0, 0.86), place(-98.0, 28.0, 0.0, 0.86)],
            Self::Facing => vec![
                Place {
                    mirrored: true,
                    ..place(242.0, 0.0, 0.0, 0.72)
                },
                place(-242.0, 0.0, 0.0, 0.72),
            ],
            Self::Crossed => vec![
                Place {
                    mirrored: true,
                    ..place(-80.0, 0.0, 20.0, 0.88)
                },
                place(80.0, 0.0, -20.0, 0.88),
            ],
            Self::Hung => vec![place(-226.0, 42.0, 3.0, 0.7), place(230.0, 42.0, -2.0, 0.7)],
        }
    }
}

impl Place {
    fn transform(&self, sock: &Sock) -> String {
        let top = sock.top - sock.prop.headroom();
        let scale = self.scale.min(FULL / (FLOOR - top));
        let across = if self.mirrored { -scale } else { scale };
        format!(
            "translate({:.1} {:.1}) rotate({}) scale({across:.3} {scale:.3}) translate(-{MIDDLE} -{})",
            400.0 + self.at.0 * scale,
            395.0 + self.at.1 * scale,
            self.lean,
            f64::midpoint(top, FLOOR),
        )
    }
}

/// Draws a picture as a standalone SVG; `id` sets its clip paths apart from
/// those of other pictures on the same page.
pub(super) fn draw(sock: &Sock, pose: Pose, id: &str) -> String {
    let figure = Figure::new(sock.top);
    let outline = figure.outline();
    let places: Vec<String> = pose.places().iter().map(|p| p.transform(sock)).collect();
    let shadows: String = places.iter().map(|place| shadow(place, &outline)).collect();
    let (line, pegs) = if pose == Pose::Hung {
        (line(), pegs(&figure))
    } else {
        Default::default()
    };
    let draw_at = |(n, place): (usize, &String)| {
        let far = pose.overlaps() && n == 0;
        let shade = if far { dim(&outline) } else { String::new() };
        format!("<g transform=\"{place}\"><use href=\"#{id}\"/>{shade}{pegs}</g>\n")
    };
    let socks: String = places.iter().enumerate().map(draw_at).collect();
    let sock = sock::draw(sock, id);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 800">
<path fill="{PAPER}" d="M0 0h800v800H0z"/>
<path fill="none" stroke="#ddd5c7" stroke-width="2" d="M28 28h744v744H28z"/>
<defs><g id="{id}">
{sock}
</g></defs>
{shadows}{line}{socks}</svg>
"##
    )
}

fn shadow(place: &str, outline: &str) -> String {
    format!("<path fill=\"#ebe2d3\" transform=\"translate(22 20) {place}\" d=\"{outline}\"/>\n")
}

fn line() -> String {
    stroke(INK, 5.0, "M28 182Q400 252 772 182")
}

/// Draws the two pegs that hold a cuff.
pub(super) fn pegs(figure: &Figure) -> String {
    let peg = |u: f64| {
        let body = block(figure, (u - 9.0, -26.0), (u + 9.0, 40.0));
        let gap = figure.line(&[(u, 10.0), (u, 40.0)]);
        outlined("#d9b98a", 5.0, &body) + &stroke(INK, 4.0, &gap)
    };
    peg(-52.0) + &peg(52.0)
}
