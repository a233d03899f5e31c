//! Taking an order back, while there is time.

use chassis::{Error, Result, clock};

use crate::order::Order;
use crate::place::count;
use crate::shop::Shop;
use crate::state::State;
use crate::store::Key;

const REASON: &str = "cancelled by the customer";

/// Cancels the order called `id` and gives the money back. Cancelling it again
/// changes nothing. It is too late once shipping was told: nothing could stop
/// the parcel then.
pub async fn cancel(shop: &Shop, id: &str) -> Result<Order> {
    let now = clock::now_ms();
    if shop.store.abandon(id, REASON, Key::Kept, now).await? {
        count(State::Cancelled);
    } else {
        shop.store.recall(id, REASON, now).await?;
    }
    shop.news.notify_one();
    let order = shop.store.get(id).await?;
    match order.state {
        State::Cancelled => Ok(order),
        State::Declined => Err(Error::Refused("the order was declined already".into())),
        _ => Err(Error::Refused("it is too late to cancel this order".into())),
    }
}
