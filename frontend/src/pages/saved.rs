//! What a customer has saved: addresses and cards.

use chassis::Result;
use proto::user::{
    Address, Card, CreateAddressRequest, CreateCardRequest, ListAddressesRequest, ListCardsRequest,
};

use super::form::Form;
use crate::AppState;

/// One saved thing, to choose or to remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// Identifier of the saved item.
    pub id: String,
    /// What it is, in a line.
    pub text: String,
    /// Whether it is chosen.
    pub on: bool,
}

/// Everything a customer has saved, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Saved {
    addresses: Vec<Address>,
    cards: Vec<Card>,
}

impl Saved {
    /// Looks up what the customer called `id` has saved.
    pub(super) async fn of(shop: &AppState, id: &str) -> Result<Self> {
        let customer_id = id.to_owned();
        let (mut users, mut others) = (shop.users.clone(), shop.users.clone());
        let (addresses, cards) = tokio::try_join!(
            users.list_addresses(ListAddressesRequest {
                customer_id: customer_id.clone()
            }),
            others.list_cards(ListCardsRequest { customer_id })
        )?;
        Ok(Self {
            addresses: addresses.into_inner().addresses,
            cards: cards.into_inner().cards,
        })
    }

    /// The addresses, of which `chosen` is chosen.
    pub(super) fn addresses(&self, chosen: &str) -> Vec<Choice> {
        let choice = |address: &Address| Choice {
            id: address.id.clone(),
            text: address_line(address),
            on: address.id == chosen,
        };
        self.addresses.iter().map(choice).collect()
    }

    /// The cards, of which `chosen` is chosen.
    pub(super) fn cards(&self, chosen: &str) -> Vec<Choice> {
        let choice = |card: &Card| Choice {
            id: card.id.clone(),
            text: format!(
                "Card ending {}, good until {}",
                last_four(&card.masked_number),
                card.expires
            ),
            on: card.id == chosen,
        };
        self.cards.iter().map(choice).collect()
    }
}

/// Saves the address in `form`, and returns its id: that of the same address
/// where it is saved already.
pub(super) async fn keep_address(
    shop: &AppState,
    customer_id: &str,
    form: &Form,
) -> Result<String> {
    let request = CreateAddressRequest {
        customer_id: customer_id.to_owned(),
        address: Some(Address {
            id: String::new(),
            number: form.value("number"),
            street: form.value("street"),
            city: form.value("city"),
            postcode: form.value("postcode"),
            country: form.value("country"),
        }),
    };
    let kept = shop.users.clone().create_address(request).await?;
    Ok(kept.into_inner().id)
}

/// Saves the card in `form`, and returns its id: that of the same card where it
/// is saved already.
pub(super) async fn keep_card(shop: &AppState, customer_id: &str, form: &Form) -> Result<String> {
    let request = CreateCardRequest {
        customer_id: customer_id.to_owned(),
        number: form.value("card_number"),
        expires: form.value("expires"),
        security_code: form.value("security_code"),
    };
    let kept = shop.users.clone().create_card(request).await?;
    Ok(kept.into_inner().id)
}

/// An address in one line.
fn address_line(address: &Address) -> String {
    line(
        [&address.number, &address.street],
        [&address.city, &address.postcode],
        &address.country,
    )
}

/// `12b Mill Lane, Leeds LS1 1AA, UK`, without what is empty.
pub(super) fn line(house: [&str; 2], town: [&str; 2], country: &str) -> String {
    let parts = [house.join(" "), town.join(" "), country.to_owned()];
    let parts = parts.iter().map(|part| part.trim());
    parts
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}

/// The last four digits of a card.
pub(super) fn last_four(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    digits[digits.len().saturating_sub(4)..].iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_line_without_gaps() {
        let full = line(["12b", "Mill Lane"], ["Leeds", "LS1 1AA"], "UK");
        assert_eq!(full, "12b Mill Lane, Leeds LS1 1AA, UK");
        assert_eq!(line(["", "Mill Lane"], ["", ""], "UK"), "Mill Lane, UK");
    }

    #[test]
    fn a_card_shows_its_last_four_digits() {
        assert_eq!(last_four("************5918"), "5918");
        assert_eq!(last_four("4111 1111 1111 12 34"), "1234");
        assert_eq!(last_four("**"), "");
    }
}
