//! The checkout: where to, how to pay, what it comes to.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chassis::{Error, Result, ids};
use proto::cart::Cart;

use super::basket::Basket;
use super::fields;
use super::form::Form;
use super::layout::{Page, PageContext};
use super::place_order::{self, Failed, Wish};
use super::saved::{Choice, Saved};
use super::submitted::Submitted;
use super::{go, html, html_with};
use crate::AppState;
use crate::visitor::Kind;

#[derive(Template)]
#[template(path = "welcome.html")]
struct Welcome {
    page: Page,
}

#[derive(Template)]
#[template(path = "bought.html")]
struct Bought {
    page: Page,
    order: String,
}

#[derive(Template)]
#[template(path = "checkout.html")]
struct Checkout {
    page: Page,
    form: Form,
    basket: Basket,
    addresses: Vec<Choice>,
    cards: Vec<Choice>,
    new_address: bool,
    new_card: bool,
    order_key: String,
    revision: String,
}

/// `GET /checkout`: the form with the total.
pub(super) async fn show(State(shop): State<AppState>, visit: PageContext) -> Result<Response> {
    let Some(customer) = &visit.visitor.customer else {
        let page = visit.page(&shop, "Checkout").await;
        return html(&Welcome { page });
    };
    let (cart, saved) = tokio::try_join!(visit.cart(&shop), Saved::of(&shop, &customer.id))?;
    if cart.items.is_empty() {
        let text = "Your basket is empty, so there is nothing to check out.";
        visit.visitor.flash(&shop, Kind::Problem, text);
        return Ok(go("/basket"));
    }
    let first = |choices: Vec<Choice>| choices.into_iter().next().map(|choice| choice.id);
    let wish = Wish {
        address: first(saved.addresses("")).unwrap_or_default(),
        card: first(saved.cards("")).unwrap_or_default(),
        key: ids::new_id(),
        total_cents: None,
        revision: String::new(),
        form: Form::new([fields::address(), fields::card()]),
    };
    let sheet = CheckoutView { cart, saved, wish };
    html(&sheet.lay_out(&shop, &visit).await)
}

/// `POST /checkout`: places the order.
pub(super) async fn order(
    State(shop): State<AppState>,
    Submitted { visit, form: sent }: Submitted,
) -> Result<Response> {
    let customer = visit.visitor.signed_in()?;
    // Only a failure needs the cart, but with carts away nobody should wait until orders has found out, too.
    let (cart, saved) = tokio::try_join!(visit.cart(&shop), Saved::of(&shop, &customer.id))?;
    let mut wish = Wish::read(&sent);
    let outcome = if wish.check(&sent) {
        place_order::place(&shop, &customer.id, &mut wish).await
    } else {
        Err(Failed::Form)
    };
    let failed = match outcome {
        Ok(id) => {
            visit
                .visitor
                .flash(&shop, Kind::Done, "Your order is placed. Thank you.");
            return Ok(go(&format!("/account/orders/{id}")));
        }
        Err(Failed::Bought(order)) => return bought(&shop, &visit, order).await,
        Err(Failed::Other(error)) => return Err(error),
        Err(failed) => failed,
    };
    let cart = match failed {
        Failed::Form => cart,
        // It may have changed, and that be why.
        _ => visit.cart(&shop).await.unwrap_or(cart),
    };
    if cart.items.is_empty() {
        let text = match failed {
            Failed::Later => failed.headline(),
            _ => "Your basket is empty, so nothing was ordered.".to_owned(),
        };
        visit.visitor.flash(&shop, Kind::Problem, text);
        return Ok(go("/basket"));
    }
    again(&shop, &visit, CheckoutView { cart, saved, wish }, failed).await
}

/// Tells of the order that bought this basket from another page.
async fn bought(shop: &AppState, visit: &PageContext, order: String) -> Result<Response> {
    let page = visit.page(shop, "This basket is bought already").await;
    html_with(StatusCode::CONFLICT, &Bought { page, order })
}

/// Shows the checkout again, with what happened above it.
async fn again(
    shop: &AppState,
    visit: &PageContext,
    mut sheet: CheckoutView,
    failed: Failed,
) -> Result<Response> {
    if !matches!(failed, Failed::Form) {
        sheet.wish.form.fail(failed.headline());
        // What was new a moment ago may have been saved on the way.
        let customer = visit.visitor.signed_in()?;
        sheet.saved = Saved::of(shop, &customer.id).await.unwrap_or(sheet.saved);
    }
    if failed.is_final() {
        sheet.wish.key = ids::new_id();
    }
    html_with(failed.status(), &sheet.lay_out(shop, visit).await)
}

/// What a checkout is made from.
struct CheckoutView {
    cart: Cart,
    saved: Saved,
    wish: Wish,
}

impl CheckoutView {
    async fn lay_out(self, shop: &AppState, visit: &PageContext) -> Checkout {
        let addresses = self.saved.addresses(&self.wish.address);
        let cards = self.saved.cards(&self.wish.card);
        let none = |choices: &[Choice]| choices.iter().all(|choice| !choice.on);
        Checkout {
            page: visit.page_with(shop, "Checkout", Some(&self.cart)),
            basket: Basket::of(shop, &self.cart).await,
            new_address: none(&addresses),
            new_card: none(&cards),
            addresses,
            cards,
            form: self.wish.form.shown(),
            order_key: self.wish.key,
            revision: self.cart.revision,
        }
    }
}

impl Failed {
    fn status(&self) -> StatusCode {
        match self {
            Self::Later => StatusCode::SERVICE_UNAVAILABLE,
            Self::Bought(_) => StatusCode::CONFLICT,
            Self::Other(error) => error.codes().0,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(message) => Self::Refused(message),
            Error::Invalid(message) => Self::Invalid(message),
            Error::NotFound(_) => Self::Gone,
            Error::Outdated(_) => Self::Outdated,
            Error::Duplicate { existing_id, .. } => Self::Bought(existing_id),
            Error::Unavailable(_) | Error::Timeout => Self::Later,
            error => Self::Other(error),
        }
    }
}
