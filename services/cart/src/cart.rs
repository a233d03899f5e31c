//! Carts, and the rules every store keeps.

use chassis::{Error, Result};
use sha2::{Digest, Sha256};
use validation::quantity;

/// Lines a cart holds at most.
pub const MOST_LINES: usize = 100;

/// The dearest unit price in cents.
pub const DEAREST: i64 = 100_000_000;

/// Characters of a customer's, a product's or an order's id.
const ID_LENGTH: usize = 200;

/// Characters of a customer's id (`chassis::ids`); a session's has more or fewer.
pub(crate) const ACCOUNT_ID_LENGTH: usize = 24;

/// What a visitor means to buy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cart {
    /// The customer, or the session before sign-in.
    pub customer_id: String,
    /// One line per product, in the order they were added.
    pub items: Vec<Item>,
    /// How often the lines changed, as the store counts it: it begins anew when
    /// the store has forgotten the cart, so only [`revision`](Self::revision)
    /// tells contents apart.
    pub changes: u64,
}

/// One line of a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Names the line.
    pub id: String,
    /// What is to be bought.
    pub product_id: String,
    /// How many of it; never zero.
    pub quantity: u32,
    /// The price of one as it was when the line began.
    pub unit_price_cents: i64,
}

/// A wish to put a product into a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addition {
    /// What is to be bought.
    pub product_id: String,
    /// What a new line starts with.
    pub quantity: u32,
    /// What a line that is there already grows by.
    pub again: u32,
    /// The price of a new line.
    pub unit_price_cents: i64,
}

/// What an order bought of one product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bought {
    /// What was bought.
    pub product_id: String,
    /// How many of it.
    pub quantity: u32,
}

impl Cart {
    /// An empty cart.
    #[must_use]
    pub fn empty(customer_id: &str) -> Self {
        Self {
            customer_id: customer_id.to_owned(),
            ..Self::default()
        }
    }

    /// Names these contents of this cart: no two changes lead to the same
    /// revision. Empty for an empty cart.
    ///
    /// Within the life of a cart in the store the count of changes grows; a cart
    /// that was forgotten and filled again has lines with other ids. A release
    /// that does not count changes gives another revision when it changes a line.
    #[must_use]
    pub fn revision(&self) -> String {
        if self.items.is_empty() {
            return String::new();
        }
        let mut hash = Sha256::new();
        for item in &self.items {
            hash.update(format!(
                "{} {} {}\n",
                item.id, item.quantity, item.product_id
            ));
        }
        let hash = hash.finalize();
        let hex = |text: String, byte: &u8| text + &format!("{byte:02x}");
        let hash = hash.iter().take(8).fold(String::new(), hex);
        format!("{}-{hash}", self.changes)
    }

    /// The line of a product.
    pub fn item(&self, product_id: &str) -> Result<&Item> {
        let mut items = self.items.iter();
        items
            .find(|item| item.product_id == product_id)
            .ok_or(NOT_IN_CART)
    }

    /// Adds a product; a new line is called `new_id`. The price of a line that
    /// is there already stays.
    pub fn add(&mut self, addition: &Addition, new_id: &str) -> Result<()> {
        self.put(
            Item {
                id: new_id.to_owned(),
                product_id: addition.product_id.clone(),
                quantity: addition.quantity,
                unit_price_cents: addition.unit_price_cents,
            },
            addition.again,
        )
    }

    /// Sets the quantity of a line; zero removes it.
    pub fn set_quantity(&mut self, product_id: &str, quantity: u32) -> Result<()> {
        let at = self.position(product_id).ok_or(NOT_IN_CART)?;
        if quantity == 0 {
            self.items.remove(at);
        } else {
            self.items[at].quantity = quantity;
        }
        Ok(())
    }

    /// Takes every line of `other` in: quantities of the same product are added
    /// and our price stays, other lines follow ours in their order. All or
    /// nothing.
    pub fn merge(&mut self, other: Self) -> Result<()> {
        let mut merged = self.clone();
        for item in other.items {
            let more = item.quantity;
            merged.put(item, more)?;
        }
        *self = merged;
        Ok(())
    }

    /// Takes out what was bought: a line that has no more than that goes, what
    /// was added since stays. Everything goes when nothing is named.
    pub fn take_out(&mut self, bought: &[Bought]) {
        if bought.is_empty() {
            self.items.clear();
        }
        for Bought {
            product_id,
            quantity,
        } in bought
        {
            if let Some(at) = self.position(product_id) {
                let left = self.items[at].quantity.saturating_sub(*quantity);
                self.items[at].quantity = left;
            }
        }
        self.items.retain(|item| item.quantity > 0);
    }

    fn put(&mut self, item: Item, again: u32) -> Result<()> {
        if let Some(at) = self.position(&item.product_id) {
            self.items[at].quantity = quantity::sum(self.items[at].quantity, again);
        } else if self.items.len() < MOST_LINES {
            self.items.push(Item {
                quantity: item.quantity.min(quantity::MAX),
                ..item
            });
        } else {
            return Err(full());
        }
        Ok(())
    }

    fn position(&self, product_id: &str) -> Option<usize> {
        let mut items = self.items.iter();
        items.position(|item| item.product_id == product_id)
    }
}

/// A product is not in the cart.
pub(crate) const NOT_IN_CART: Error = Error::NotFound("item in cart");

/// A cart has no room for another product.
pub(crate) fn full() -> Error {
    Error::invalid(format!("a cart holds at most {MOST_LINES} products"))
}

/// Refuses what cannot be an id, calling it by the name its sender knows.
pub fn check_id(field: &str, id: &str) -> Result<()> {
    let length = id.chars().take(ID_LENGTH + 1).count();
    if !(1..=ID_LENGTH).contains(&length) || id.contains(char::is_control) {
        return Err(Error::invalid(format!(
            "{field} must be 1 to {ID_LENGTH} characters"
        )));
    }
    Ok(())
}

/// Whether a cart is a guest's, and may be forgotten: its id is a session's, and
/// no customer's.
#[must_use]
pub fn is_guest(customer_id: &str) -> bool {
    customer_id.chars().count() != ACCOUNT_ID_LENGTH
}

/// Reads a quantity from `least` to [`quantity::MAX`].
pub fn check_quantity(field: &str, quantity: i64, least: u32) -> Result<u32> {
    quantity::check(quantity, least).map_err(|problem| Error::invalid(format!("{field} {problem}")))
}

/// Refuses negative and absurd prices.
pub fn check_price(field: &str, cents: i64) -> Result<()> {
    if !(0..=DEAREST).contains(&cents) {
        let dearest = chassis::money::decimal(DEAREST);
        return Err(Error::invalid(format!("{field} must be 0 to {dearest}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
