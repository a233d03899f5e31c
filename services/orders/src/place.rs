//! Placing an order: one story, safe to be cut off anywhere.
//!
//! 1. The order is written down as *pending* under its idempotency key. From
//!    here on a crash is a delay and not a loss.
//! 2. Customer, address, card and cart are read, ownership is checked, prices
//!    are the catalogue's. What came of it is fixed in the order: whoever goes
//!    on from here, goes on with the same price. When the buyer was shown
//!    another, the order is given up before anything is charged.
//! 3. Payment is asked under the order's id, for which it has one answer ever.
//! 4. In one transaction the order becomes *paid*, with its outbox, or
//!    *declined*.
//! 5. Only now the caller is answered.
//!
//! Where the buyer was shown a revision of the cart, the order is written down
//! under that as well, and no two orders that stand share one: of two forms that
//! show the same cart, under two keys, one buys it. The other waits until that
//! order is out of *pending* and is then told of it; when it was declined or
//! cancelled, the other goes on as if it had come alone.
//!
//! A repeat with the same key
//!
//! * joins an order that is still pending: every step is idempotent, and the
//!   first to finish one wins;
//! * returns an order that is paid, or was cancelled by its customer;
//! * is told again why an order was declined;
//! * starts anew after an attempt that failed. A failure is only answered once
//!   the order is *cancelled*, its key given back and, if payment may have been
//!   asked, a message in the outbox to void it. So an error means that there is
//!   no order and nothing was charged. (When even that cannot be written the
//!   order stays pending, and a repeat joins it or [`recover`](crate::recover)
//!   ends it.)

use std::time::{Duration, Instant};

use chassis::fault::failpoint::{fail_point, mutant};
use chassis::{Error, Result, clock, deadline};
use metrics::counter;

use crate::app::App;
use crate::order::{Order, PlaceOrder};
use crate::status::State;
use crate::store::{Begun, Key};
use crate::upstreams::Verdict;

/// What is kept of the caller's time to give up in an orderly way.
const RESERVE: Duration = Duration::from_millis(250);

/// How often to look whether another order of the same cart is out of *pending*:
/// another process may be placing it.
const RIVAL_POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Places the order a customer wishes for, or returns the one that was placed
/// under the same key.
pub async fn place(shop: &App, wish: &PlaceOrder) -> Result<Order> {
    let limit = shop.limits.place_timeout;
    let limit = deadline::left().map_or(limit, |left| limit.min(left.saturating_sub(RESERVE)));
    let begun = Instant::now();
    let order = deadline::within(limit, begin(shop, wish)).await??;
    fail_point("pending-written");
    if order.state != State::Pending {
        return answer(order);
    }
    let left = limit.saturating_sub(begun.elapsed());
    let outcome = deadline::within(left, Box::pin(price_and_pay(shop, wish, &order))).await;
    match outcome.flatten() {
        Ok(order) => answer(order),
        Err(error) => cancel_attempt(shop, &order.id, error).await,
    }
}

/// Step 1: the order of this wish's key. Waits for another one that buys the
/// same cart, and fails once that has bought it.
async fn begin(shop: &App, wish: &PlaceOrder) -> Result<Order> {
    loop {
        match shop.store.begin(wish, clock::now_ms()).await? {
            Begun::Order(order) => return Ok(*order),
            Begun::Rival(rival) if rival.state == State::Pending => {
                tokio::time::sleep(RIVAL_POLL_INTERVAL).await;
            }
            Begun::Rival(rival) => {
                return Err(Error::Duplicate {
                    message: format!("this cart was bought already, with order {}", rival.id),
                    existing_id: rival.id,
                });
            }
        }
    }
}

/// Steps 2 to 4, from wherever the order is.
async fn price_and_pay(shop: &App, wish: &PlaceOrder, order: &Order) -> Result<Order> {
    let order = if order.contents.is_none() {
        let contents = shop.upstreams.read(wish).await?;
        fail_point("facts-read");
        let total = contents.total_cents(shop.manner)?;
        shop.store.fix(&order.id, &contents, total).await?
    } else {
        order.clone()
    };
    if order.state != State::Pending {
        return Ok(order);
    }
    wish.check_total(&order)?;
    fail_point("price-fixed");
    if mutant("answer-before-commit") {
        return Ok(answer_before_commit(shop.clone(), order));
    }
    authorise_and_record(shop, &order).await
}

async fn authorise_and_record(shop: &App, order: &Order) -> Result<Order> {
    let verdict = shop.upstreams.authorise(order).await?;
    fail_point("payment-answered");
    let order = settle(shop, &order.id, verdict).await?;
    fail_point("paid-committed");
    Ok(order)
}

/// The bug that this file is there to avoid: an answer first, and the facts in a while.
fn answer_before_commit(shop: App, order: Order) -> Order {
    let promised = Order {
        state: State::Paid,
        ..order.clone()
    };
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        authorise_and_record(&shop, &order).await
    });
    promised
}

/// Writes down what payment said, and returns the order as it is then.
pub async fn settle(shop: &App, id: &str, verdict: Verdict) -> Result<Order> {
    let now = clock::now_ms();
    let store = &shop.store;
    let done = match verdict {
        Verdict::Authorised => store.pay(id, now).await?,
        Verdict::Declined(message) => store.decline(id, &message, now).await?,
        Verdict::Voided => {
            let reason = "the payment was taken back";
            store.abandon(id, reason, Key::Freed, now).await?
        }
    };
    shop.outbox_ready.notify_one();
    let order = store.get(id).await?;
    if done {
        count(order.state);
    }
    Ok(order)
}

/// Cancels an attempt that failed with `error`, unless somebody else finished it.
async fn cancel_attempt(shop: &App, id: &str, error: Error) -> Result<Order> {
    let reason = error.to_string();
    let abandoned = shop
        .store
        .abandon(id, &reason, Key::Freed, clock::now_ms())
        .await;
    match abandoned {
        Ok(true) => {
            count(State::Cancelled);
            shop.outbox_ready.notify_one();
            Err(error)
        }
        Ok(false) => answer(shop.store.get(id).await?),
        Err(worse) => {
            tracing::error!(order = id, %error, %worse, "an attempt could not be cancelled yet");
            Err(error)
        }
    }
}

/// What the caller is told of an order that has got somewhere.
fn answer(order: Order) -> Result<Order> {
    match order.state {
        State::Declined => Err(Error::Refused(order.reason)),
        State::Pending => Err(Error::unavailable("the order is still pending")),
        State::Cancelled if !order.key_held => Err(Error::unavailable(order.reason)),
        _ => Ok(order),
    }
}

/// Counts an order that has just got out of *pending*.
pub(crate) fn count(state: State) {
    counter!("orders_placed_total", "state" => state.as_str()).increment(1);
}
