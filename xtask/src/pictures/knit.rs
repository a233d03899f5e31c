//! Knitting patterns that repeat over a sock.

use super::curve::Point;
use super::figure::{Figure, HALF};
use super::ink::{fill, outlined, stroke};

/// Past the edge of the grid, so that nothing ends short of the outline.
const EDGE: f64 = HALF + 8.0;

/// Ribs from cuff to toe.
pub(super) fn ribs(figure: &Figure, from: f64, colour: &str) -> String {
    let rib = |n: i32| {
        let u = f64::from(n) * 36.0;
        block(figure, (u - 9.0, from), (u + 9.0, figure.end()))
    };
    fill(colour, &(-3..=3).map(rib).collect::<String>())
}

/// Stripes round the leg.
pub(super) fn stripes(figure: &Figure, from: f64, stripes: &[(f64, &str)]) -> String {
    let mut drawn = String::new();
    let mut v = from;
    for (height, colour) in stripes.iter().cycle() {
        drawn += &fill(colour, &block(figure, (-EDGE, v), (EDGE, v + height)));
        v += height;
        if v > figure.end() {
            break;
        }
    }
    drawn
}

/// Arrow heads pointing down.
pub(super) fn chevrons(figure: &Figure, from: f64, [odd, even]: [&str; 2]) -> String {
    let chevron = |(n, v): (usize, f64)| {
        let arms = [(-EDGE, v), (0.0, v + 44.0), (EDGE, v)];
        let back = [(EDGE, v + 22.0), (0.0, v + 66.0), (-EDGE, v + 22.0)];
        let colour = if n % 3 == 1 { even } else { odd };
        fill(colour, &figure.shape(&[arms, back].concat()))
    };
    rows(from + 6.0, figure.end(), 54.0)
        .enumerate()
        .map(chevron)
        .collect()
}

/// A basket weave: upright and lying strands in turns.
pub(super) fn weave(figure: &Figure, from: f64, [warp, weft]: [&str; 2]) -> String {
    let (mut upright, mut lying) = (String::new(), String::new());
    for (row, v) in rows(from + 4.0, figure.end(), 60.0).enumerate() {
        for (column, u) in [-90.0, -30.0, 30.0].into_iter().enumerate() {
            for (near, far) in [(6.0, 27.0), (33.0, 54.0)] {
                if (row + column) % 2 == 0 {
                    upright += &block(figure, (u + near, v - 4.0), (u + far, v + 64.0));
                } else {
                    lying += &block(figure, (u - 4.0, v + near), (u + 64.0, v + far));
                }
            }
        }
    }
    outlined(warp, 3.0, &upright) + &outlined(weft, 3.0, &lying)
}

/// Crosses in staggered rows, dots between them.
pub(super) fn crosses(figure: &Figure, from: f64, [cross, dot]: [&str; 2]) -> String {
    let (mut crosses, mut dots) = (String::new(), String::new());
    for (u, v) in staggered(from + 42.0, figure.end() + 20.0, (88.0, 54.0)) {
        let (r, w) = (24.0, 9.0);
        crosses += &figure.shape(&[
            (u - r, v - r + w),
            (u - r + w, v - r),
            (u + r, v + r - w),
            (u + r - w, v + r),
        ]);
        crosses += &figure.shape(&[
            (u + r - w, v - r),
            (u + r, v - r + w),
            (u - r + w, v + r),
            (u - r, v + r - w),
        ]);
        dots += &diamond(figure, (u + 44.0, v), (8.0, 8.0));
    }
    fill(cross, &crosses) + &fill(dot, &dots)
}

/// Diamonds, and a fine lattice over them.
pub(super) fn argyle(figure: &Figure, from: f64, [diamonds, line]: [&str; 2]) -> String {
    let (mut filled, mut lattice) = (String::new(), String::new());
    for v in rows(from + 50.0, figure.end() + 60.0, 116.0) {
        for u in [-HALF, 0.0, HALF] {
            let drop = if u == 0.0 { 0.0 } else { 58.0 };
            filled += &diamond(figure, (u, v + drop), (45.0, 58.0));
            let (top, foot) = ((u, v + drop - 116.0), (u, v + drop + 116.0));
            lattice += &figure.line(&[top, (u + HALF, v + drop), foot]);
            lattice += &figure.line(&[top, (u - HALF, v + drop), foot]);
        }
    }
    let lattice = stroke(line, 3.0, &lattice).replace("<path", r#"<path stroke-dasharray="12 9""#);
    fill(diamonds, &filled) + &lattice
}

/// A rectangle of the grid.
pub(super) fn block(figure: &Figure, (left, top): Point, (right, bottom): Point) -> String {
    figure.shape(&[(left, top), (right, top), (right, bottom), (left, bottom)])
}

/// A diamond of the grid.
pub(super) fn diamond(figure: &Figure, (u, v): Point, (wide, high): Point) -> String {
    figure.shape(&[(u, v - high), (u + wide, v), (u, v + high), (u - wide, v)])
}

/// Points in rows, every second row shifted by half a step.
pub(super) fn staggered(from: f64, to: f64, (wide, high): Point) -> impl Iterator<Item = Point> {
    rows(from, to, high).enumerate().flat_map(move |(row, v)| {
        let shift = if row % 2 == 0 { 0.0 } else { wide / 2.0 };
        (-3..=3)
            .map(move |n| (f64::from(n) * wide + shift, v))
            .filter(move |(u, _)| u.abs() < HALF + wide / 4.0)
    })
}

fn rows(from: f64, to: f64, step: f64) -> impl Iterator<Item = f64> {
    (0..)
        .map(move |n| from + f64::from(n) * step)
        .take_while(move |v| *v < to)
}
