//! Placing an order: check what was asked for, save what is new, ask orders,
//! and say plainly what became of it.

use chassis::{Error, ids};
use proto::orders::PlaceOrderRequest;

use super::error_page::sentence;
use super::fields;
use super::form::Form;
use super::saved;
use super::submitted;
use crate::AppState;

/// Stands for an address or a card that is not saved yet.
const NEW: &str = "new";

/// The longest key that orders takes.
const LONGEST_KEY: usize = 200;

/// What a customer asks for.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    /// The address chosen, or `new`.
    pub address: String,
    /// The card chosen, or `new`.
    pub card: String,
    /// One per order: repeating it does not buy twice.
    pub key: String,
    /// What the page said it comes to. Orders places none for another total.
    pub total_cents: Option<i64>,
    /// The revision of the cart that the page showed: it is bought once. Empty
    /// in a form that an older front-end made.
    pub revision: String,
    /// Address and card that the form adds.
    pub form: Form,
}

/// Why no order was placed.
#[derive(Debug)]
pub(super) enum Failed {
    /// Fields need another look.
    Form,
    /// It comes to another total than the customer saw.
    Outdated,
    /// The basket was bought with the order of this id, from another page.
    Bought(String),
    /// Orders or payment said no, in words for the customer.
    Refused(String),
    /// A service did not like what was typed.
    Invalid(String),
    /// The address or the card is not there any more.
    Gone,
    /// A service does not answer: it may be tried again with the same key.
    Later,
    /// Any other error of a service.
    Other(Error),
}

impl Wish {
    /// Reads what a form asks for.
    pub(super) fn read(sent: &submitted::Form) -> Self {
        let key = sent.value("order_key");
        Self {
            address: sent.value("address").to_owned(),
            card: sent.value("card").to_owned(),
            key: Some(key.to_owned())
                .filter(|key| !key.is_empty() && key.len() <= LONGEST_KEY)
                .unwrap_or_else(ids::new_id),
            total_cents: sent.value("total").parse().ok(),
            revision: sent.value("revision").to_owned(),
            form: Form::new([fields::address(), fields::card()]),
        }
    }

    /// Whether it can be granted as far as its form goes.
    pub(super) fn check(&mut self, sent: &submitted::Form) -> bool {
        let mut fits = true;
        if self.address == NEW {
            fits &= self.form.check("address", sent);
        }
        if self.card == NEW {
            fits &= self.form.check("card", sent);
        }
        fits
    }
}

/// Places the order, and returns its id. What is new is saved first, and
/// chosen in `wish` from then on.
pub(super) async fn place(
    shop: &AppState,
    customer_id: &str,
    wish: &mut Wish,
) -> Result<String, Failed> {
    let total_cents = wish.total_cents.ok_or(Failed::Outdated)?;
    if wish.address == NEW {
        wish.address = saved::keep_address(shop, customer_id, &wish.form).await?;
    }
    if wish.card == NEW {
        wish.card = saved::keep_card(shop, customer_id, &wish.form).await?;
    }
    let request = PlaceOrderRequest {
        customer_id: customer_id.to_owned(),
        address_id: wish.address.clone(),
        card_id: wish.card.clone(),
        idempotency_key: wish.key.clone(),
        keep_cart: false,
        confirmed_total_cents: Some(total_cents),
        cart_revision: wish.revision.clone(),
    };
    match shop.orders.clone().place_order(request).await {
        Ok(order) => Ok(order.into_inner().id),
        Err(status) => Err(Error::from(status).into()),
    }
}

impl Failed {
    /// Whether the order is settled, so that another try is another order.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    /// What happened, what was kept, what to do.
    pub(super) fn headline(&self) -> String {
        match self {
            Self::Form => "Some of it needs another look.".to_owned(),
            Self::Outdated => {
                "Your basket or a price in it changed while you were deciding. Nothing is ordered yet: this is what it \
                 comes to now."
                    .to_owned()
            }
            Self::Bought(_) => "This basket is bought already.".to_owned(),
            Self::Refused(message) => format!(
                "{} Nothing was charged, and your basket is kept. Another card or fewer socks may help.",
                sentence(message)
            ),
            Self::Invalid(message) => sentence(message),
            Self::Gone => {
                "That address or card is no longer saved. Choose another; nothing was charged.".to_owned()
            }
            Self::Later | Self::Other(_) => {
                "We could not finish your order just now. Everything is kept: place it again in a moment. \
                 You will not be charged twice."
                    .to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_new_is_checked() {
        let sent =
            submitted::Form::from([("address", "57a98d98e4b00679b4a830ad"), ("card", "new")]);
        let mut wish = Wish::read(&sent);
        assert!(!wish.check(&sent));
        assert!(wish.form.is_open("card") && !wish.form.is_open("address"));
    }

    #[test]
    fn an_order_key_is_kept_or_made() {
        let key = |key: &str| Wish::read(&submitted::Form::from([("order_key", key)])).key;
        assert_eq!(key("abc"), "abc");
        assert!(ids::is_id(&key("")) && ids::is_id(&key(&"x".repeat(201))));
    }

    #[test]
    fn only_a_refusal_is_final() {
        assert!(Failed::Refused("Payment declined".to_owned()).is_final());
        assert!(!Failed::Later.is_final() && !Failed::Outdated.is_final());
    }
}
