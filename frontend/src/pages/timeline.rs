//! The way of an order: steps taken, and steps to come.

use proto::orders::State;

use super::format;
use super::order::Order;

/// One step on the way of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// What it is called.
    pub name: &'static str,
    /// Its class in the style sheet: `done`, `ended` or nothing.
    pub class: &'static str,
    /// When it was reached, for machines and for people.
    pub at: Option<(String, String)>,
    /// What to say until it is.
    pub waiting: &'static str,
    /// Whether the order stands here.
    pub is_now: bool,
}

/// The way of an order that goes well.
const WAY: [(State, &str); 4] = [
    (State::Pending, "Placed"),
    (State::Paid, "Paid"),
    (State::Packed, "Packed"),
    (State::Shipped, "Shipped"),
];

impl Order {
    /// The steps on its way, taken and to come.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut way = WAY.to_vec();
        if let state @ (State::Declined | State::Cancelled) = self.0.state() {
            way.retain(|(step, _)| *step == State::Pending || self.reached(*step).is_some());
            way.push((state, self.state()));
        }
        way.into_iter()
            .map(|(state, name)| self.step(state, name))
            .collect()
    }

    fn step(&self, state: State, name: &'static str) -> Step {
        let at_ms = self.reached(state);
        let is_now = self.0.state() == state;
        let class = match at_ms {
            Some(_) if is_now && self.class() == "ended" => "ended",
            Some(_) => "done",
            None => "",
        };
        Step {
            name,
            class,
            at: at_ms.map(|at_ms| (format::iso(at_ms), format::clock(at_ms))),
            waiting: if self.is_next(state) {
                "any moment now"
            } else {
                "later"
            },
            is_now,
        }
    }

    /// When it reached `state`.
    fn reached(&self, state: State) -> Option<i64> {
        let event = self.0.events.iter().find(|event| event.state() == state);
        let placed = (state == State::Pending).then_some(self.0.placed_at_ms);
        event.map(|event| event.at_ms).or(placed)
    }

    fn is_next(&self, state: State) -> bool {
        let next = WAY.iter().find(|(step, _)| self.reached(*step).is_none());
        next.is_some_and(|(step, _)| *step == state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::orders as pb;

    fn order(states: &[State]) -> Order {
        let at = (1_795_339_812_000..).step_by(1000);
        Order(pb::Order {
            id: "6741a0b1c2d3e4f5a6b7c8d9".to_owned(),
            state: states.last().map_or(0, |&state| state.into()),
            placed_at_ms: 1_795_339_812_000,
            events: states
                .iter()
                .zip(at)
                .map(|(&state, at_ms)| pb::Event {
                    state: state.into(),
                    at_ms,
                })
                .collect(),
            ..Default::default()
        })
    }

    fn way(order: &Order) -> Vec<(&'static str, &'static str)> {
        let steps = order.steps().into_iter();
        steps.map(|step| (step.name, step.class)).collect()
    }

    #[test]
    fn an_order_shows_what_is_done_and_what_is_to_come() {
        let order = order(&[State::Pending, State::Paid]);
        assert_eq!(
            way(&order),
            [
                ("Placed", "done"),
                ("Paid", "done"),
                ("Packed", ""),
                ("Shipped", "")
            ]
        );
        let waiting: Vec<_> = order.steps()[2..].iter().map(|step| step.waiting).collect();
        assert_eq!(waiting, ["any moment now", "later"]);
        assert!(order.can_cancel() && !order.is_final());
    }

    #[test]
    fn an_order_that_ended_early_shows_how_far_it_came() {
        let declined = order(&[State::Pending, State::Declined]);
        assert_eq!(way(&declined), [("Placed", "done"), ("Declined", "ended")]);
        let cancelled = order(&[State::Pending, State::Paid, State::Cancelled]);
        assert_eq!(
            way(&cancelled),
            [("Placed", "done"), ("Paid", "done"), ("Cancelled", "ended")]
        );
        assert!(cancelled.is_final() && !cancelled.can_cancel());
    }

    #[test]
    fn an_order_is_known_by_the_end_of_its_id() {
        assert_eq!(order(&[State::Shipped]).number(), "A6B7C8D9");
    }
}
