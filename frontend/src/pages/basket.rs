//! The basket: what a visitor means to buy.

use std::collections::HashMap;

use proto::cart::Cart;

use super::format;
use super::sock::Sock;
use super::totals::Totals;
use crate::AppState;

/// A cart with the names and prices of today.
#[derive(Clone, Debug, Default)]
pub(super) struct Basket {
    /// What is in it, in the order it was put there.
    pub lines: Vec<Line>,
    /// Whether names and prices may be old.
    pub stale: bool,
}

/// Some pairs of one sock.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Identifier of the product.
    pub product_id: String,
    /// Number of pairs in the basket.
    pub quantity: u32,
    sock: Option<Sock>,
    noted_cents: i64,
}

impl Basket {
    /// Looks up what is in `cart`.
    pub(super) async fn of(shop: &AppState, cart: &Cart) -> Self {
        if cart.items.is_empty() {
            return Self::default();
        }
        let ids = cart.items.iter().map(|item| item.product_id.clone());
        let seen = shop.products(ids.collect()).await;
        let stale = seen.as_ref().map_or(true, |seen| seen.stale);
        let products = seen.map(|seen| seen.value).unwrap_or_default();
        let mut socks: HashMap<_, _> = products
            .into_iter()
            .map(|product| (product.id.clone(), Sock::from(product)))
            .collect();
        let lines = cart.items.iter().map(|item| Line {
            product_id: item.product_id.clone(),
            quantity: item.quantity,
            sock: socks.remove(&item.product_id),
            noted_cents: item.unit_price_cents,
        });
        Self {
            lines: lines.collect(),
            stale,
        }
    }

    /// What it all comes to.
    pub(super) fn sums(&self) -> Totals {
        Totals::of(self.lines.iter().map(Line::cents).sum())
    }
}

impl Line {
    fn each_cents(&self) -> i64 {
        let price = self.sock.as_ref().map(|sock| sock.price_cents);
        price.unwrap_or(self.noted_cents)
    }

    fn cents(&self) -> i64 {
        self.each_cents() * i64::from(self.quantity)
    }

    /// What the sock is called.
    pub(super) fn name(&self) -> &str {
        let name = self.sock.as_ref().map(|sock| &*sock.name);
        name.unwrap_or("A sock we cannot see just now")
    }

    /// Where its page is.
    pub(super) fn path(&self) -> String {
        format::sock_href(&self.product_id)
    }

    /// Where to change how many.
    pub(super) fn action(&self) -> String {
        format!("/basket/{}", format::encoded(&self.product_id))
    }

    /// What it looks like.
    pub(super) fn picture(&self) -> Option<String> {
        self.sock.as_ref().map(Sock::picture)
    }

    /// What a pair costs.
    pub(super) fn each(&self) -> String {
        format::money(self.each_cents())
    }

    /// What they cost together.
    pub(super) fn total(&self) -> String {
        format::money(self.cents())
    }

    /// Says so when the price is not what it was.
    pub(super) fn change(&self) -> Option<String> {
        let was = format::money(self.noted_cents);
        (self.each_cents() != self.noted_cents).then(|| format!("It was {was} when you put it in"))
    }

    /// Quantity after the minus button.
    pub(super) fn fewer(&self) -> u32 {
        self.quantity.saturating_sub(1)
    }

    /// Quantity after the plus button.
    pub(super) fn more(&self) -> u32 {
        self.quantity.saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(price_cents: Option<i64>) -> Line {
        let product = price_cents.map(|price_cents| proto::catalogue::Product {
            price_cents,
            ..Default::default()
        });
        Line {
            product_id: "id".to_owned(),
            quantity: 2,
            sock: product.map(Sock::from),
            noted_cents: 1500,
        }
    }

    #[test]
    fn todays_price_counts_and_a_change_is_said() {
        let line = line(Some(1600));
        assert_eq!((&*line.each(), &*line.total()), ("£16.00", "£32.00"));
        assert_eq!(
            line.change().as_deref(),
            Some("It was £15.00 when you put it in")
        );
    }

    #[test]
    fn without_a_catalogue_the_price_noted_in_the_cart_counts() {
        let basket = Basket {
            lines: vec![line(None)],
            stale: true,
        };
        assert_eq!(basket.sums(), Totals::billed(3000, 499, 3499));
        assert_eq!(basket.lines[0].change(), None);
    }
}
