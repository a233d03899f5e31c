//! Statistics of benchmarks, and how their results are printed.

/// The middle of some values: half lie on either side. Nothing has no middle.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// By how much `new` exceeds `old`, round by round: the middle of the rounds'
/// ratios. What slows the machine for a while slows both halves of a round.
pub(super) fn ratio(new: &[f64], old: &[f64]) -> f64 {
    let rounds = new.iter().zip(old).map(|(new, old)| new / old);
    median(&rounds.collect::<Vec<_>>())
}

/// What a figure should be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Budget {
    AtMost(f64),
    AtLeast(f64),
}

impl Budget {
    fn kept(self, figure: f64) -> bool {
        match self {
            Self::AtMost(most) => figure <= most,
            Self::AtLeast(least) => figure >= least,
        }
    }

    fn words(self) -> String {
        match self {
            Self::AtMost(most) => format!("at most {most}"),
            Self::AtLeast(least) => format!("at least {least}"),
        }
    }
}

/// Prints the title of a benchmark.
pub(super) fn title(title: &str) {
    println!("\n{title}");
}

/// Prints one line of a result.
pub(super) fn row(what: &str, figure: &str) {
    println!("  {what:<42}{figure}");
}

/// Shows a figure beside what it should be.
pub(super) fn verdict(what: &str, figure: f64, unit: &str, budget: Budget) {
    let outcome = if budget.kept(figure) { "yes" } else { "NO" };
    let figure = format!("{figure:.2}{unit}");
    row(what, &format!("{figure:<14}{}: {outcome}", budget.words()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-9
    }

    #[test]
    fn half_of_the_values_lie_on_either_side_of_the_median() {
        assert!(close(median(&[9.0, 1.0, 2.0]), 2.0));
        assert!(close(median(&[4.0, 1.0, 2.0, 9.0]), 3.0));
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_slow_round_slows_both_and_the_ratio_stays() {
        let old = [10.0, 10.0, 80.0, 10.0, 10.0];
        let new = [12.0, 12.0, 96.0, 12.0, 12.0];
        assert!(close(ratio(&new, &old), 1.2));
    }

    #[test]
    fn one_disturbed_half_does_not_move_the_ratio() {
        assert!(close(ratio(&[10.0, 500.0, 10.0], &[10.0; 3]), 1.0));
    }

    #[test]
    fn a_budget_is_kept_up_to_its_edge_and_never_by_nothing() {
        assert!(Budget::AtMost(1.2).kept(1.2) && !Budget::AtMost(1.2).kept(1.21));
        assert!(Budget::AtLeast(0.7).kept(0.7) && !Budget::AtLeast(0.7).kept(0.69));
        assert!(!Budget::AtMost(1.2).kept(f64::NAN) && !Budget::AtLeast(0.7).kept(f64::NAN));
    }
}
