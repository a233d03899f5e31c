//! Patterns that picture something.

use super::curve::Point;
use super::figure::{Figure, HALF};
use super::ink::{INK, fill, outlined, stroke};
use super::knit::{block, staggered};

/// The stripes of a tabby: tapering, from both sides, never quite meeting.
pub(super) fn tabby(figure: &Figure, from: f64, colour: &str) -> String {
    let mut stripes = String::new();
    let mut v = from + 26.0;
    while v < figure.end() {
        for (side, v) in [(-1.0, v), (1.0, v + 22.0)] {
            let edge = side * (HALF + 8.0);
            let tip = (side * 6.0, v + 22.0);
            stripes += &figure.shape(&[
                (edge, v - 4.0),
                (side * 46.0, v + 6.0),
                tip,
                (side * 46.0, v + 24.0),
                (edge, v + 16.0),
            ]);
        }
        v += 46.0;
    }
    fill(colour, &stripes)
}

/// Where the traces of the circuit bend, counted from the chip.
const TRACES: [&[Point]; 8] = [
    &[(-36.0, 16.0), (-64.0, 16.0), (-64.0, -42.0)],
    &[(36.0, -16.0), (64.0, -42.0), (64.0, -62.0)],
    &[
        (36.0, 16.0),
        (64.0, 44.0),
        (64.0, 150.0),
        (44.0, 170.0),
        (44.0, 232.0),
    ],
    &[(-16.0, -36.0), (-16.0, -62.0)],
    &[(16.0, -36.0), (16.0, -50.0), (26.0, -62.0)],
    &[(-16.0, 36.0), (-16.0, 70.0), (-58.0, 112.0), (-58.0, 134.0)],
    &[
        (0.0, 36.0),
        (0.0, 150.0),
        (-26.0, 176.0),
        (-26.0, 310.0),
        (-54.0, 338.0),
        (-54.0, 372.0),
    ],
    &[
        (16.0, 36.0),
        (16.0, 190.0),
        (4.0, 202.0),
        (4.0, 300.0),
        (44.0, 340.0),
        (44.0, 372.0),
    ],
];

/// A chip on the leg, and traces that run to the toe.
pub(super) fn circuit(figure: &Figure, from: f64, [copper, chip]: [&str; 2]) -> String {
    let centre = from + 88.0;
    let (mut lines, mut pads) = (String::new(), String::new());
    for trace in TRACES {
        let placed: Vec<Point> = trace.iter().map(|(u, v)| (*u, v + centre)).collect();
        lines += &figure.line(&placed);
        pads += &placed
            .last()
            .map(|end| ring(figure, *end, copper))
            .unwrap_or_default();
    }
    let body = block(figure, (-36.0, centre - 36.0), (36.0, centre + 36.0));
    let notch = block(figure, (-18.0, centre - 18.0), (18.0, centre + 18.0));
    stroke(copper, 7.0, &lines) + &pads + &outlined(chip, 5.0, &body) + &stroke(copper, 4.0, &notch)
}

fn ring(figure: &Figure, at: Point, copper: &str) -> String {
    let (x, y) = figure.at(at);
    format!(
        r#"<circle cx="{x:.1}" cy="{y:.1}" r="10" fill="{INK}" stroke="{copper}" stroke-width="6"/>"#
    )
}

/// A grid, a circle of colour bars, and a row of blocks.
pub(super) fn test_card(figure: &Figure, from: f64, colours: [&str; 5]) -> String {
    let [line, bars @ ..] = colours;
    let mut grid = String::new();
    for n in -3..=3 {
        grid += &figure.line(&[
            (f64::from(n) * 30.0, from),
            (f64::from(n) * 30.0, figure.end()),
        ]);
    }
    let mut v = from + 22.0;
    while v < figure.end() {
        grid += &figure.line(&[(-HALF - 8.0, v), (HALF + 8.0, v)]);
        v += 30.0;
    }
    let centre = from + 112.0;
    stroke(line, 3.0, &grid) + &dial(figure, centre, line, bars) + &castle(figure, bars[3])
}

fn dial(figure: &Figure, centre: f64, line: &str, bars: [&str; 4]) -> String {
    let (x, y) = figure.at((0.0, centre));
    let bars: String = [-72, -36, 0, 36]
        .into_iter()
        .zip(bars)
        .map(|(left, colour)| fill(colour, &format!("M{left}-75h37V75h-37z")))
        .collect();
    let ring = r#"<circle r="72"/>"#;
    format!(
        r#"<g transform="translate({x:.1} {y:.1})"><clipPath id="dial">{ring}</clipPath><g clip-path="url(#dial)">{bars}{}</g>
{}<g fill="none" stroke="{INK}" stroke-width="6">{ring}</g></g>"#,
        fill(INK, "M-75-17H75V17H-75z"),
        stroke(line, 4.0, "M-64 0H64M0-15V15"),
    )
}

/// Draws the blocks of black and white that framed the card.
fn castle(figure: &Figure, white: &str) -> String {
    let (top, bottom) = (figure.end() - 66.0, figure.end() - 36.0);
    let band = block(figure, (-HALF - 8.0, top), (HALF + 8.0, bottom));
    let blocks: String = [-75.0, -15.0, 45.0]
        .map(|u| block(figure, (u, top), (u + 30.0, bottom)))
        .concat();
    fill(INK, &band) + &fill(white, &blocks)
}

/// Four-pointed stars, large and small in turns.
pub(super) fn stars(figure: &Figure, from: f64, colour: &str) -> String {
    let star = |(n, (u, v)): (usize, Point)| {
        let r = if n % 5 < 3 { 27.0 } else { 16.0 };
        let w = r * 0.24;
        figure.shape(&[
            (u, v - r),
            (u + w, v - w),
            (u + r, v),
            (u + w, v + w),
            (u, v + r),
            (u - w, v + w),
            (u - r, v),
            (u - w, v - w),
        ])
    };
    let all: String = staggered(from + 38.0, figure.end(), (96.0, 68.0))
        .enumerate()
        .map(star)
        .collect();
    outlined(colour, 3.0, &all)
}
