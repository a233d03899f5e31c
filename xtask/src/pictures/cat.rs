//! What makes a sock a cat.

use super::curve::{Point, pair};
use super::figure::Figure;
use super::ink::{INK, fill, outlined, stroke};

/// Draws two ears, rising from behind the cuff.
pub(super) fn ears(figure: &Figure, fur: &str) -> String {
    let ear = |u: f64| {
        let (x, y) = figure.at((u, 0.0));
        let lean = u.signum() * 10.0;
        let outer = point((x, y + 16.0), (36.0, 92.0), lean);
        let inner = point((x, y), (18.0, 46.0), lean);
        outlined(fur, 6.0, &outer) + &fill("#e3a98c", &inner)
    };
    ear(-62.0) + &ear(62.0)
}

/// Writes a softly pointed ear that stands on `foot`.
fn point((x, y): Point, (wide, high): Point, lean: f64) -> String {
    let near = high * 0.85;
    let [left, right] = [-wide, wide].map(|side| pair((x + side, y)));
    let [up, down] = [-wide, wide].map(|side| pair((x + lean + side * 0.45, y - near)));
    let tip = pair((x + lean, y - high));
    format!("M{left}Q{up} {tip}Q{down} {right}Z")
}

/// Draws a face on a cuff of this height.
pub(super) fn face(figure: &Figure, height: f64) -> String {
    let middle = height * 0.46;
    let nose = figure.shape(&[
        (-9.0, middle + 18.0),
        (9.0, middle + 18.0),
        (0.0, middle + 28.0),
    ]);
    let mouth = figure.line(&[
        (-14.0, middle + 40.0),
        (0.0, middle + 28.0),
        (14.0, middle + 40.0),
    ]);
    let whiskers = [
        (-1.0, 26.0, 20.0),
        (-1.0, 34.0, 36.0),
        (1.0, 26.0, 20.0),
        (1.0, 34.0, 36.0),
    ]
    .map(|(side, near, far)| {
        figure.line(&[(side * 34.0, middle + near), (side * 78.0, middle + far)])
    })
    .concat();
    let eyes = eye(figure.at((-36.0, middle))) + &eye(figure.at((36.0, middle)));
    eyes + &fill(INK, &nose) + &stroke(INK, 3.5, &(mouth + &whiskers))
}

fn eye((x, y): Point) -> String {
    format!(
        r##"<circle cx="{x:.1}" cy="{y:.1}" r="15" fill="#dfe6a0" stroke="{INK}" stroke-width="4"/><ellipse cx="{x:.1}" cy="{y:.1}" rx="4" ry="11" fill="{INK}"/>"##
    )
}
