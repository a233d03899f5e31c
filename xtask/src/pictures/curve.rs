//! Points, Bézier curves, and how they are written in SVG.

use std::fmt::Write;

/// A place on the drawing, or on a figure's grid.
pub(super) type Point = (f64, f64);

/// A cubic Bézier curve: start, two handles, end.
pub(super) type Cubic = [Point; 4];

/// Returns the point at `t` of the way along `curve` (de Casteljau).
pub(super) fn along(curve: Cubic, t: f64) -> Point {
    let [first, second, third] = [0, 1, 2].map(|n| towards(curve[n], curve[n + 1], t));
    towards(towards(first, second, t), towards(second, third, t), t)
}

/// Returns the point at `t` of the way from one point to another.
pub(super) fn towards(from: Point, to: Point, t: f64) -> Point {
    (from.0 + (to.0 - from.0) * t, from.1 + (to.1 - from.1) * t)
}

/// Returns the same curve drawn from its end to its start.
pub(super) fn reversed(mut curve: Cubic) -> Cubic {
    curve.reverse();
    curve
}

/// Writes curves that continue each other as one path.
pub(super) fn path(curves: &[Cubic]) -> String {
    let mut d = curves
        .first()
        .map(|[start, ..]| format!("M{}", pair(*start)))
        .unwrap_or_default();
    for [_, near, far, end] in curves {
        let _ = write!(d, "C{} {} {}", pair(*near), pair(*far), pair(*end));
    }
    d
}

/// Writes straight lines through `points`, each relative to the last: shorter.
pub(super) fn polyline(points: &[Point]) -> String {
    let rounded: Vec<Point> = points.iter().map(|(x, y)| (tenth(*x), tenth(*y))).collect();
    let mut d = rounded
        .first()
        .map(|p| format!("M{}l", pair(*p)))
        .unwrap_or_default();
    for ends in rounded.windows(2) {
        d += &pair((ends[1].0 - ends[0].0, ends[1].1 - ends[0].1));
        d.push(' ');
    }
    d.truncate(d.trim_end().len());
    d
}

/// Writes a point to a tenth of a unit: finer than any screen shows.
pub(super) fn pair((x, y): Point) -> String {
    format!("{} {}", tenth(x), tenth(y))
}

fn tenth(x: f64) -> f64 {
    // Adding zero turns -0 into 0.
    (x * 10.0).round() / 10.0 + 0.0
}
