//! The shape of a sock, and the bent grid its stitches follow.
//!
//! The grid runs across (`u`, -90 at the back and sole, 90 at the shin and
//! instep) and down (`v`, from the cuff along the leg, round the ankle, to
//! the toe). A pattern is drawn on the flat grid and bent by [`Figure::at`],
//! so that stripes turn at the ankle as they do in knitting.

use super::curve::{Cubic, Point, along, pair, path, polyline, reversed, towards};
use super::last::{HEEL, HEEL_SEAM, INSTEP, SHIN, SOLE, TOE, UNDER_FOOT, UNDER_HEEL};

/// Half the width of the grid.
pub(super) const HALF: f64 = 90.0;
/// How far a row of stitches sags in the middle, to look round.
const SAG: f64 = 12.0;
const TURN: f64 = 210.0;
const FOOT: f64 = 180.0;

/// A sock seen from the side, toe to the right.
pub(super) struct Figure {
    calf: Cubic,
    front: Cubic,
    back: Cubic,
    leg: f64,
}

impl Figure {
    /// Returns a sock whose cuff begins at height `top` of the drawing.
    pub(super) fn new(top: f64) -> Self {
        let spread = (150.0 - top) * 0.06;
        let (left, right) = (266.0 - spread, 452.0 + spread);
        let edge = |start: Point, end: Point, lean: f64| {
            let drop = end.1 - start.1;
            [
                start,
                (start.0 - lean, start.1 + drop * 0.4),
                (end.0 + lean / 2.0, end.1 - drop * 0.3),
                end,
            ]
        };
        Self {
            calf: edge((left, top), HEEL[0][0], 8.0),
            front: edge((right, top), SHIN[0], -5.0),
            back: edge((left, top), UNDER_HEEL[0], 8.0),
            leg: 428.0 - top,
        }
    }

    /// Returns where the toe begins on the grid.
    pub(super) fn end(&self) -> f64 {
        self.leg + TURN + FOOT
    }

    /// Returns where a point of the grid lies on the drawing.
    pub(super) fn at(&self, (u, v): Point) -> Point {
        let (back, front) = self.row(v);
        let across = across(u);
        let (dx, dy) = (front.0 - back.0, front.1 - back.1);
        let middle = 1.0 - (2.0 * across - 1.0).powi(2);
        let sag = SAG * middle / dx.hypot(dy);
        (
            back.0 + dx * across - dy * sag,
            back.1 + dy * across + dx * sag,
        )
    }

    fn row(&self, v: f64) -> (Point, Point) {
        let (back, front, t) = if v < self.leg {
            (self.back, self.front, v / self.leg)
        } else if v < self.leg + TURN {
            (UNDER_HEEL, SHIN, (v - self.leg) / TURN)
        } else {
            (UNDER_FOOT, INSTEP, (v - self.leg - TURN) / FOOT)
        };
        (along(back, t), along(front, t))
    }

    /// Writes a line through points of the grid, bent with it.
    pub(super) fn line(&self, points: &[Point]) -> String {
        let mut bent: Vec<Point> = points.first().map(|p| self.at(*p)).into_iter().collect();
        for ends in points.windows(2) {
            bent.extend(between(ends[0], ends[1]).map(|p| self.at(p)));
        }
        polyline(&bent)
    }

    /// Writes a closed shape with these corners on the grid, bent with it.
    pub(super) fn shape(&self, corners: &[Point]) -> String {
        let mut round = corners.to_vec();
        round.extend(corners.first());
        self.line(&round) + "Z"
    }

    /// Writes the outline of the whole sock.
    pub(super) fn outline(&self) -> String {
        let up = [reversed(INSTEP), reversed(SHIN), reversed(self.front)];
        path(&[&[self.calf], &HEEL[..], &[SOLE], &TOE[..], &up[..]].concat()) + "Z"
    }

    /// Writes the edge that lies in the shade: calf, heel and sole.
    pub(super) fn shade(&self) -> String {
        path(&[&[self.calf], &HEEL[..], &[SOLE], &TOE[..1]].concat())
    }

    /// Writes the seam of the toe.
    pub(super) fn toe_seam(&self) -> String {
        self.line(&[(-HALF - 4.0, self.end()), (HALF + 4.0, self.end())])
    }

    /// Writes the toe cap, from its seam to beyond the outline.
    pub(super) fn toe(&self) -> String {
        self.toe_seam() + "L700 480L800 480V800H600Z"
    }

    /// Writes the far rim of the opening, which closes the near one to an oval.
    pub(super) fn opening(&self) -> String {
        let (x, y) = self.at((-HALF, 0.0));
        let (right, _) = self.at((HALF, 0.0));
        let (middle, rise) = (f64::midpoint(x, right), 2.0 * SAG);
        let (left, right) = (pair((x, y)), pair((right, y)));
        let [far, near] = [y - rise, y + rise].map(|y| pair((middle, y)));
        format!("M{left}Q{far} {right}Q{near} {left}Z")
    }
}

/// Writes the seam of the heel.
pub(super) fn heel_seam() -> String {
    path(&[HEEL_SEAM])
}

/// Writes the heel patch, from its seam to beyond the outline.
pub(super) fn heel() -> String {
    heel_seam() + "V760H180V462Z"
}

/// Narrows the grid towards the edges, half as much as a cylinder would.
fn across(u: f64) -> f64 {
    let s = u / HALF;
    let round = if s.abs() < 1.0 {
        (s * std::f64::consts::FRAC_PI_2).sin()
    } else {
        s
    };
    0.5 + (s + round) / 4.0
}

fn between(a: Point, b: Point) -> impl Iterator<Item = Point> {
    let steps = (a.0 - b.0).hypot(a.1 - b.1) / 26.0;
    let count = (1..=32).find(|n| f64::from(*n) >= steps).unwrap_or(32);
    (1..=count).map(move |n| towards(a, b, f64::from(n) / f64::from(count)))
}
