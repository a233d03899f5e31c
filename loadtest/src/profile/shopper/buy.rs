//! Buying what is in the basket. Who gets no answer asks again with the same
//! key, and goes on asking for a good while.

use std::time::Duration;

use hyper::StatusCode;
use hyper::header::HeaderName;

use super::super::classic::{REFUSED, receipt};
use super::{RunContext, Shopper};
use crate::browser::{Ask, Failed, Reply, page};
use crate::journal::Entry;
use crate::recorder::Purchase;

/// Attempts to place the same order.
const MAX_ATTEMPTS: u32 = 12;

/// Upper bound of the delay between two attempts.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(3);

/// The page says what is wrong, or that this basket was bought already: not a
/// fault of the shop.
const CORRECTED: &[StatusCode] = &[StatusCode::UNPROCESSABLE_ENTITY, StatusCode::CONFLICT];

/// What one answer means.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Placed(Entry),
    /// No, for a reason that a buyer understands.
    Refused,
    /// No, for one that they do not.
    TurnedAway(StatusCode),
    AskAgain,
}

impl Shopper {
    /// Buys through the checkout page. Returns the order, if there is one.
    pub(super) async fn buy_by_form(
        &mut self,
        context: &RunContext,
    ) -> Result<Option<String>, Failed> {
        let checkout = self.browser.open("checkout", "/checkout").await?;
        if checkout.status.is_redirection() {
            // The basket was emptied for an earlier order, a little late.
            return Ok(None);
        }
        let field = |name| page::field(checkout.text(), name).ok_or(Failed::No(checkout.status));
        let names = ["csrf", "order_key", "total", "address", "card"];
        let values = [
            field(names[0])?,
            field(names[1])?,
            field(names[2])?,
            field(names[3])?,
            field(names[4])?,
        ];
        let mut fields: Vec<_> = names.into_iter().zip(values).collect();
        // A shop of a release from before names no revision.
        fields.extend(page::field(checkout.text(), "revision").map(|value| ("revision", value)));
        let form = Ask::form("place order", "/checkout", &fields).or(CORRECTED);
        let entry = Entry {
            order_id: String::new(),
            customer_id: self.customer_id(),
            total_cents: values[2].parse().map_err(|_| Failed::No(checkout.status))?,
            idempotency_key: values[1].to_owned(),
            at: 0,
        };
        self.pursue(context, form, |reply| by_form(reply, &entry))
            .await
    }

    /// Buys as a client of the JSON API, which empties the basket itself.
    pub(super) async fn buy_by_api(
        &mut self,
        context: &RunContext,
        key: &str,
    ) -> Result<Option<String>, Failed> {
        let ask = Ask::new("POST /orders", hyper::Method::POST, "/orders").or(REFUSED);
        let ask = ask.with(HeaderName::from_static("idempotency-key"), key);
        let placed = self
            .pursue(context, ask, |reply| by_api(reply, key))
            .await?;
        if placed.is_some() {
            self.put_back().await?;
        }
        Ok(placed)
    }

    /// Asks until there is an answer, and takes it down.
    async fn pursue(
        &mut self,
        context: &RunContext,
        ask: Ask,
        read: impl Fn(&Reply) -> Answer,
    ) -> Result<Option<String>, Failed> {
        let mut answer = Answer::AskAgain;
        for attempt in 1..=MAX_ATTEMPTS {
            answer = match self.browser.ask(ask.clone()).await {
                Ok(reply) => read(&reply),
                Err(Failed::Later) => Answer::AskAgain,
                Err(Failed::No(status)) => Answer::TurnedAway(status),
            };
            if answer != Answer::AskAgain {
                break;
            }
            let pause = Duration::from_millis(500) * attempt;
            self.browser.think(pause.min(MAX_RETRY_DELAY)).await;
        }
        self.conclude(context, answer).await
    }

    async fn conclude(
        &mut self,
        context: &RunContext,
        answer: Answer,
    ) -> Result<Option<String>, Failed> {
        match answer {
            Answer::Placed(entry) => {
                let order = entry.order_id.clone();
                context.acknowledge(entry).await;
                Ok(Some(order))
            }
            Answer::Refused => {
                context.recorder.purchase(Purchase::Refused);
                self.put_back().await?;
                Ok(None)
            }
            Answer::TurnedAway(status) => {
                context.recorder.purchase(Purchase::Refused);
                Err(Failed::No(status))
            }
            Answer::AskAgain => {
                context.recorder.purchase(Purchase::Unknown);
                Err(Failed::Later)
            }
        }
    }

    fn customer_id(&self) -> String {
        let account = self.account.as_ref();
        account.map_or_else(String::new, |account| account.id.clone())
    }
}

/// Reads the answer to a form: on to the order, back to the form with what is
/// wrong, or back to an empty basket, as when orders could not be asked.
fn by_form(reply: &Reply, entry: &Entry) -> Answer {
    let order = reply
        .location()
        .and_then(|path| path.strip_prefix("/account/orders/"));
    match order {
        Some(order) => Answer::Placed(Entry {
            order_id: order.to_owned(),
            ..entry.clone()
        }),
        None if CORRECTED.contains(&reply.status) => Answer::Refused,
        None => Answer::AskAgain,
    }
}

fn by_api(reply: &Reply, key: &str) -> Answer {
    match receipt(reply, key) {
        Some(entry) => Answer::Placed(entry),
        None if REFUSED.contains(&reply.status) => Answer::Refused,
        None => Answer::AskAgain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::HeaderMap;
    use hyper::header::LOCATION;

    fn answer(status: StatusCode, location: &str) -> Reply {
        let location = (!location.is_empty()).then(|| (LOCATION, location.parse().unwrap()));
        Reply {
            status,
            headers: HeaderMap::from_iter(location),
            body: hyper::body::Bytes::new(),
        }
    }

    fn entry(order_id: &str) -> Entry {
        Entry {
            order_id: order_id.to_owned(),
            customer_id: "c".to_owned(),
            total_cents: 2299,
            idempotency_key: "k".to_owned(),
            at: 0,
        }
    }

    #[test]
    fn a_form_leads_to_the_order_or_back() {
        let read = |status, location| by_form(&answer(status, location), &entry(""));
        assert_eq!(
            read(StatusCode::SEE_OTHER, "/account/orders/o1"),
            Answer::Placed(entry("o1"))
        );
        assert_eq!(read(StatusCode::SEE_OTHER, "/basket"), Answer::AskAgain);
        assert_eq!(read(StatusCode::UNPROCESSABLE_ENTITY, ""), Answer::Refused);
        assert_eq!(read(StatusCode::CONFLICT, ""), Answer::Refused);
    }

    #[test]
    fn the_api_says_yes_or_no() {
        assert_eq!(
            by_api(&answer(StatusCode::NOT_ACCEPTABLE, ""), "k"),
            Answer::Refused
        );
        assert_eq!(
            by_api(&answer(StatusCode::CREATED, ""), "k"),
            Answer::AskAgain
        );
    }
}
