//! Carts and the rules that every store implements.

use chassis::{Error, Result};
use sha2::{Digest, Sha256};
use validation::quantity;

/// Maximum number of lines in a cart.
pub const MAX_LINES: usize = 100;

/// Maximum unit price in cents.
pub const MAX_UNIT_PRICE_CENTS: i64 = 100_000_000;

/// Maximum characters of a customer's, product's or order's id.
const MAX_ID_CHARS: usize = 200;

/// Characters of a customer's id (`chassis::ids`); session ids have another length.
pub(crate) const ACCOUNT_ID_CHARS: usize = 24;

/// Shopping cart of a customer or of a guest session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cart {
    /// Customer id, or the session id before sign-in.
    pub customer_id: String,
    /// Lines in the order they were added, one per product.
    pub items: Vec<Item>,
    /// Number of changes to the lines. The store restarts the count when the cart
    /// has expired, so compare contents by [`revision`](Self::revision).
    pub changes: u64,
}

/// Line of a cart: one product and its quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Identifier of the line.
    pub id: String,
    /// Identifier of the product.
    pub product_id: String,
    /// Number of pairs; never zero.
    pub quantity: u32,
    /// Unit price in cents when the line was created.
    pub unit_price_cents: i64,
}

/// Request to add a product to a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewItem {
    /// Identifier of the product to add.
    pub product_id: String,
    /// Initial quantity of a new line.
    pub quantity: u32,
    /// Quantity added to an existing line.
    pub increment: u32,
    /// Unit price in cents of a new line.
    pub unit_price_cents: i64,
}

/// Product and quantity purchased by an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurchasedItem {
    /// Identifier of the purchased product.
    pub product_id: String,
    /// Number of pairs purchased.
    pub quantity: u32,
}

impl Cart {
    /// Creates an empty cart.
    #[must_use]
    pub fn empty(customer_id: &str) -> Self {
        Self {
            customer_id: customer_id.to_owned(),
            ..Self::default()
        }
    }

    /// Revision of the contents, unique per change; empty for an empty cart.
    ///
    /// The change count grows as long as the cart is stored; a cart that expired
    /// and was filled again has lines with other ids. A release that does not count
    /// changes still produces another revision when it changes a line.
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

    /// Returns the line of a product.
    pub fn item(&self, product_id: &str) -> Result<&Item> {
        let mut items = self.items.iter();
        items
            .find(|item| item.product_id == product_id)
            .ok_or(NOT_IN_CART)
    }

    /// Adds a product; a new line gets the id `new_id`. An existing line keeps its
    /// price.
    pub fn add(&mut self, new_item: &NewItem, new_id: &str) -> Result<()> {
        self.upsert(
            Item {
                id: new_id.to_owned(),
                product_id: new_item.product_id.clone(),
                quantity: new_item.quantity,
                unit_price_cents: new_item.unit_price_cents,
            },
            new_item.increment,
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

    /// Merges the lines of `other`: quantities of the same product are added at our
    /// price, other lines are appended in their order. On error the cart is
    /// unchanged.
    pub fn merge(&mut self, other: Self) -> Result<()> {
        let mut merged = self.clone();
        for item in other.items {
            let more = item.quantity;
            merged.upsert(item, more)?;
        }
        *self = merged;
        Ok(())
    }

    /// Subtracts the purchased quantities and removes lines that reach zero; later
    /// additions stay. Empties the cart when `purchased` is empty.
    pub fn remove_purchased(&mut self, purchased: &[PurchasedItem]) {
        if purchased.is_empty() {
            self.items.clear();
        }
        for PurchasedItem {
            product_id,
            quantity,
        } in purchased
        {
            if let Some(at) = self.position(product_id) {
                let left = self.items[at].quantity.saturating_sub(*quantity);
                self.items[at].quantity = left;
            }
        }
        self.items.retain(|item| item.quantity > 0);
    }

    /// Adds a new line, or `increment` to the quantity of an existing one.
    fn upsert(&mut self, item: Item, increment: u32) -> Result<()> {
        if let Some(at) = self.position(&item.product_id) {
            self.items[at].quantity = quantity::sum(self.items[at].quantity, increment);
        } else if self.items.len() < MAX_LINES {
            self.items.push(Item {
                quantity: item.quantity.min(quantity::MAX),
                ..item
            });
        } else {
            return Err(cart_full());
        }
        Ok(())
    }

    fn position(&self, product_id: &str) -> Option<usize> {
        let mut items = self.items.iter();
        items.position(|item| item.product_id == product_id)
    }
}

/// Error for a product without a line in the cart.
pub(crate) const NOT_IN_CART: Error = Error::NotFound("item in cart");

/// Error for a cart that has [`MAX_LINES`] lines already.
pub(crate) fn cart_full() -> Error {
    Error::invalid(format!("a cart holds at most {MAX_LINES} products"))
}

/// Validates an id; `field` is its name in the caller's request.
pub fn check_id(field: &str, id: &str) -> Result<()> {
    let length = id.chars().take(MAX_ID_CHARS + 1).count();
    if !(1..=MAX_ID_CHARS).contains(&length) || id.contains(char::is_control) {
        return Err(Error::invalid(format!(
            "{field} must be 1 to {MAX_ID_CHARS} characters"
        )));
    }
    Ok(())
}

/// Whether a cart belongs to a guest session and may expire.
#[must_use]
pub fn is_guest(customer_id: &str) -> bool {
    customer_id.chars().count() != ACCOUNT_ID_CHARS
}

/// Validates a quantity from `min` to [`quantity::MAX`].
pub fn check_quantity(field: &str, quantity: i64, min: u32) -> Result<u32> {
    quantity::check(quantity, min).map_err(|problem| Error::invalid(format!("{field} {problem}")))
}

/// Validates a price from 0 to [`MAX_UNIT_PRICE_CENTS`].
pub fn check_price(field: &str, cents: i64) -> Result<()> {
    if !(0..=MAX_UNIT_PRICE_CENTS).contains(&cents) {
        let max = chassis::money::decimal(MAX_UNIT_PRICE_CENTS);
        return Err(Error::invalid(format!("{field} must be 0 to {max}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
