//! Taking an order back, as long as it is not packed: safe to be cut off
//! anywhere.
//!
//! An order that is still *pending* is given up. Of one that is *paid*,
//! shipping has the last word:
//!
//! 1. Shipping recalls the shipment, or says that it is packed already. From
//!    here on nothing will be shipped, even if shipping hears of the order only
//!    later.
//! 2. In one transaction the order becomes *cancelled*, with a message in the
//!    outbox that gives the money back.
//!
//! A crash between the two leaves a paid order whose shipment is recalled:
//! [`track`](crate::track) sees that and takes the second step, as does a
//! repeat. An error therefore means that the order may yet be cancelled.
//!
//! The original's shipping cannot recall: there it is too late once it was told.

use chassis::fault::failpoint::fail_point;
use chassis::{Error, Result, clock};

use crate::app::App;
use crate::order::Order;
use crate::place::count;
use crate::status::State;
use crate::store::Key;
use crate::upstreams::Recall;

const REASON: &str = "cancelled by the customer";

/// Cancels the order called `id` and gives the money back. Cancelling it again
/// changes nothing.
pub async fn cancel(shop: &App, id: &str) -> Result<Order> {
    let now = clock::now_ms();
    if shop.store.abandon(id, REASON, Key::Kept, now).await? {
        count(State::Cancelled);
        shop.outbox_ready.notify_one();
    } else if shop.store.get(id).await?.state == State::Paid {
        take_back(shop, id).await?;
    }
    let order = shop.store.get(id).await?;
    match order.state {
        State::Cancelled => Ok(order),
        State::Declined => Err(Error::Refused("the order was declined already".into())),
        _ => Err(Error::Refused("it is too late to cancel this order".into())),
    }
}

async fn take_back(shop: &App, id: &str) -> Result<()> {
    match shop.upstreams.recall(id).await? {
        Recall::Recalled => {
            fail_point("recalled");
            finish(shop, id).await?;
            fail_point("cancelled");
            Ok(())
        }
        Recall::TooLate => Ok(()),
        Recall::Unknown => {
            let now = clock::now_ms();
            if shop.store.withdraw(id, REASON, now).await? {
                shop.outbox_ready.notify_one();
            }
            Ok(())
        }
    }
}

/// Takes the second step, for an order whose shipment is recalled.
pub(crate) async fn finish(shop: &App, id: &str) -> Result<()> {
    if shop.store.recall(id, REASON, clock::now_ms()).await? {
        shop.outbox_ready.notify_one();
    }
    Ok(())
}
