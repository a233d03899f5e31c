//! A customer's own page: who they are, where they live, what they pay with.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use chassis::{Error, Result};
use proto::user as pb;

use super::error_page::sentence;
use super::fields;
use super::form::Form;
use super::layout::{Page, PageContext};
use super::saved::{self, Choice, Saved};
use super::submitted::Submitted;
use super::{go, html_with};
use crate::AppState;
use crate::visitor::Kind;

#[derive(Template)]
#[template(path = "account.html")]
struct Account {
    page: Page,
    form: Form,
    username: String,
    addresses: Vec<Choice>,
    cards: Vec<Choice>,
}

/// `GET /account`: profile, addresses and cards.
pub(super) async fn show(State(shop): State<AppState>, visit: PageContext) -> Result<Response> {
    let request = pb::GetCustomerRequest {
        id: visit.visitor.signed_in()?.id.clone(),
    };
    let customer = shop.users.clone().get_customer(request).await?.into_inner();
    show_with(&shop, &visit, filled(&customer), StatusCode::OK).await
}

async fn show_with(
    shop: &AppState,
    visit: &PageContext,
    form: Form,
    status: StatusCode,
) -> Result<Response> {
    let customer = visit.visitor.signed_in()?;
    let (page, saved) = tokio::join!(
        visit.page(shop, "Your account"),
        Saved::of(shop, &customer.id)
    );
    let saved = saved?;
    let account = Account {
        page,
        form: form.shown(),
        username: customer.username.clone(),
        addresses: saved.addresses(""),
        cards: saved.cards(""),
    };
    html_with(status, &account)
}

fn filled(customer: &pb::Customer) -> Form {
    let mut form = Form::new([fields::profile(), fields::address(), fields::card()]);
    form.set("first_name", &customer.first_name);
    form.set("last_name", &customer.last_name);
    form.set("email", &customer.email);
    form
}

/// The form of a customer, with what they sent for one part of it.
async fn checked(shop: &AppState, posted: &Submitted, group: &str) -> Result<(String, Form, bool)> {
    let id = posted.visit.visitor.signed_in()?.id.clone();
    let request = pb::GetCustomerRequest { id: id.clone() };
    let customer = shop.users.clone().get_customer(request).await?.into_inner();
    let mut form = filled(&customer);
    let fits = form.check(group, &posted.form);
    Ok((id, form, fits))
}

/// Goes back to the account when all went well; shows the form again otherwise.
async fn done<T>(
    shop: &AppState,
    visit: &PageContext,
    mut form: Form,
    outcome: Result<T>,
) -> Result<Response> {
    match outcome {
        Ok(_) => {
            visit
                .visitor
                .flash(shop, Kind::Done, "Your changes are saved.");
            Ok(go("/account"))
        }
        Err(Error::Invalid(message)) => {
            form.fail(sentence(&message));
            show_with(shop, visit, form, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(error) => Err(error),
    }
}

/// `POST /account/profile`: changes the customer's names.
pub(super) async fn rename(State(shop): State<AppState>, posted: Submitted) -> Result<Response> {
    let (id, form, fits) = checked(&shop, &posted, "profile").await?;
    let visit = &posted.visit;
    if !fits {
        return show_with(&shop, visit, form, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let request = pb::UpdateCustomerRequest {
        id,
        email: form.value("email"),
        first_name: form.value("first_name"),
        last_name: form.value("last_name"),
    };
    let renamed = match shop.users.clone().update_customer(request).await {
        Ok(customer) => visit.visitor.rename(&shop, &customer.into_inner()).await,
        Err(status) => Err(status.into()),
    };
    done(&shop, visit, form, renamed).await
}

/// `POST /account/addresses`: saves an address.
pub(super) async fn add_address(
    State(shop): State<AppState>,
    posted: Submitted,
) -> Result<Response> {
    let (id, form, fits) = checked(&shop, &posted, "address").await?;
    if !fits {
        return show_with(&shop, &posted.visit, form, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let kept = saved::keep_address(&shop, &id, &form).await;
    done(&shop, &posted.visit, form, kept).await
}

/// `POST /account/cards`: saves a card.
pub(super) async fn add_card(State(shop): State<AppState>, posted: Submitted) -> Result<Response> {
    let (id, form, fits) = checked(&shop, &posted, "card").await?;
    if !fits {
        return show_with(&shop, &posted.visit, form, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let kept = saved::keep_card(&shop, &id, &form).await;
    done(&shop, &posted.visit, form, kept).await
}

/// `POST /account/addresses/{id}/remove`: deletes an address.
pub(super) async fn remove_address(
    State(shop): State<AppState>,
    Path(id): Path<String>,
    Submitted { visit, .. }: Submitted,
) -> Result<Response> {
    let request = pb::DeleteAddressRequest {
        id,
        customer_id: visit.visitor.signed_in()?.id.clone(),
    };
    let removed = shop.users.clone().delete_address(request).await;
    removed_or_gone(&shop, &visit, removed.map(drop).map_err(Error::from))
}

/// `POST /account/cards/{id}/remove`: deletes a card.
pub(super) async fn remove_card(
    State(shop): State<AppState>,
    Path(id): Path<String>,
    Submitted { visit, .. }: Submitted,
) -> Result<Response> {
    let request = pb::DeleteCardRequest {
        id,
        customer_id: visit.visitor.signed_in()?.id.clone(),
    };
    let removed = shop.users.clone().delete_card(request).await;
    removed_or_gone(&shop, &visit, removed.map(drop).map_err(Error::from))
}

/// What is not there any more is removed, too.
fn removed_or_gone(shop: &AppState, visit: &PageContext, removed: Result<()>) -> Result<Response> {
    match removed {
        Ok(()) | Err(Error::NotFound(_)) => {
            visit.visitor.flash(shop, Kind::Done, "It is removed.");
            Ok(go("/account"))
        }
        Err(error) => Err(error),
    }
}
