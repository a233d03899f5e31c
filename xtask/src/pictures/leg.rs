//! A bit of leg, between a sock and a trouser hem.

use super::curve::{Cubic, Point, pair, path};
use super::figure::{Figure, HALF};
use super::ink::{INK, dim, outlined, stroke};

/// How much leg shows.
const SHOWN: f64 = 118.0;
/// Hairs, from the back of the cuff.
const HAIRS: [Point; 6] = [
    (40.0, -42.0),
    (78.0, -66.0),
    (120.0, -40.0),
    (60.0, -88.0),
    (104.0, -92.0),
    (140.0, -74.0),
];

/// Draws the leg and the trousers, which leave the page at its top.
pub(super) fn draw(figure: &Figure) -> String {
    let (back, front) = (figure.at((-HALF, 0.0)), figure.at((HALF, 0.0)));
    let hairs: String = HAIRS
        .map(|(x, y)| format!("M{}q6 7 3 16", pair((back.0 + x, back.1 + y))))
        .concat();
    skin(back, front) + &stroke(INK, 3.0, &hairs) + &trousers(back, front)
}

fn skin(back: Point, front: Point) -> String {
    let up = rise((back.0 + 8.0, back.1), -14.0);
    let down = rise((front.0 - 8.0, front.1), 14.0).map(pair);
    let [foot, ankle, calf, knee] = &down;
    let sag = pair((f64::midpoint(back.0, front.0), back.1 + 24.0));
    let leg = format!(
        "{}L{knee}C{calf} {ankle} {foot}Q{sag} {}Z",
        path(&[up]),
        pair(up[0])
    );
    let [inner_foot, inner_ankle, inner_calf, inner_knee] =
        rise((back.0 + 40.0, back.1 + 8.0), -8.0).map(pair);
    let shade = format!(
        "{}L{inner_knee}C{inner_calf} {inner_ankle} {inner_foot}Z",
        path(&[up])
    );
    outlined("#d99c74", 6.0, &leg) + &dim(&shade)
}

fn rise((x, y): Point, lean: f64) -> Cubic {
    [
        (x, y),
        (x + lean * 0.3, y - 60.0),
        (x + lean, y - 120.0),
        (x + lean, y - 200.0),
    ]
}

fn trousers(back: Point, front: Point) -> String {
    let (left, right) = (back.0 - 34.0, front.0 + 34.0);
    let hem = back.1 - SHOWN;
    let sag = |y: f64| {
        format!(
            "{}Q{} {}",
            pair((left, y)),
            pair((f64::midpoint(left, right), y + 30.0)),
            pair((right, y))
        )
    };
    let cloth = format!("M{left} -500L{}V-500Z", sag(hem));
    outlined("#5a5348", 6.0, &cloth) + &stroke(INK, 4.0, &format!("M{}", sag(hem - 30.0)))
}
