//! Line charts as SVG: a few lines over time, drawn by hand because the page's
//! own style sheet must colour them, light and dark.

use std::fmt::Write;

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 240.0;
/// Room for numbers on the left and below.
const LEFT: f64 = 56.0;
const BELOW: f64 = 24.0;
const ABOVE: f64 = 12.0;

/// Line chart drawn as SVG.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Title above the chart.
    pub title: &'static str,
    /// Unit of the vertical axis.
    pub unit: &'static str,
    /// Its lines, each drawn in a colour of its own.
    pub lines: Vec<Line>,
}

/// Data series of a chart.
#[derive(Clone, Debug)]
pub struct Line {
    /// What it stands for.
    pub name: &'static str,
    /// Points as (seconds, value).
    pub points: Vec<(f64, f64)>,
}

impl Chart {
    /// Renders the chart as SVG.
    #[must_use]
    pub fn svg(&self) -> String {
        let (title, unit) = (self.title, self.unit);
        let heading = format!("<h2>{title} <small>{unit}</small></h2>\n");
        let points = || self.lines.iter().flat_map(|line| &line.points);
        if points().next().is_none() {
            return format!("{heading}<p>There is nothing to show.</p>\n");
        }
        let right = ceiling(points().map(|point| point.0));
        let top = ceiling(points().map(|point| point.1));
        let mut svg = format!(
            "{heading}<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title} over time, {unit}\">\n"
        );
        axes(&mut svg, right, top);
        for (number, line) in self.lines.iter().enumerate() {
            let coordinates = line
                .points
                .iter()
                .map(|&(at, value)| format!("{:.1},{:.1}", x(at / right), y(value / top)));
            let coordinates: Vec<_> = coordinates.collect();
            _ = writeln!(
                svg,
                "<polyline class=\"line{number}\" points=\"{}\"/>",
                coordinates.join(" ")
            );
        }
        svg.push_str("</svg>\n<p class=\"key\">");
        for (number, line) in self.lines.iter().enumerate() {
            _ = write!(svg, "<span class=\"line{number}\">{}</span> ", line.name);
        }
        svg + "</p>\n"
    }
}

/// Four steps each way, with their numbers.
fn axes(svg: &mut String, right: f64, top: f64) {
    for step in 0..=4u8 {
        let part = f64::from(step) / 4.0;
        let (level, at) = (y(part), x(part));
        _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{level:.1}\" y2=\"{level:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
             <text x=\"{at:.1}\" y=\"{HEIGHT}\" text-anchor=\"{}\">{} s</text>",
            LEFT - 6.0,
            level + 4.0,
            short(top * part),
            if step == 4 { "end" } else { "middle" },
            short(right * part),
        );
    }
}

fn x(part: f64) -> f64 {
    LEFT + part * (WIDTH - LEFT)
}

fn y(part: f64) -> f64 {
    HEIGHT - BELOW - part * (HEIGHT - BELOW - ABOVE)
}

/// A round number that no value exceeds: 1, 2, 4 or 8 times a power of ten.
fn ceiling(values: impl Iterator<Item = f64>) -> f64 {
    let most = values.fold(0.0, f64::max);
    if most <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powf(most.log10().floor());
    let round = [1.0, 2.0, 4.0, 8.0].map(|times| times * power);
    let fits = round.into_iter().find(|round| *round >= most);
    fits.unwrap_or(10.0 * power)
}

/// As few digits as say it.
fn short(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_numbers() {
        let close = |most: f64, round: f64| (ceiling([0.1, most].into_iter()) - round).abs() < 1e-9;
        assert!(close(7.3, 8.0) && close(8.0, 8.0) && close(8.1, 10.0) && close(130.0, 200.0));
        assert!((ceiling([0.0].into_iter()) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([short(0.0), short(2.5), short(100.0)], ["0", "2.5", "100"]);
    }

    #[test]
    fn the_highest_value_touches_the_top_and_zero_the_bottom() {
        let line = Line {
            name: "rate",
            points: vec![(0.0, 0.0), (1.0, 4.0)],
        };
        let chart = Chart {
            title: "Rate",
            unit: "a second",
            lines: vec![line],
        };
        assert!(chart.svg().contains("points=\"56.0,216.0 800.0,12.0\""));
    }
}
