//! A customer's orders: all of them, and each with its receipt.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use chassis::{Error, Result};
use proto::orders::{CancelOrderRequest, GetOrderRequest, ListOrdersRequest};
use serde::Deserialize;

use super::error_page::sentence;
use super::layout::{Page, PageContext};
use super::order::Order;
use super::submitted::Submitted;
use super::{format, go, html};
use crate::visitor::Kind;
use crate::{AppState, Visitor};

#[derive(Template)]
#[template(path = "orders.html")]
struct Orders {
    page: Page,
    list: Vec<Order>,
    older: Option<String>,
}

#[derive(Template)]
#[template(path = "order.html")]
struct Receipt {
    page: Page,
    order: Order,
}

/// Which page of the orders.
#[derive(Deserialize)]
pub(super) struct From {
    #[serde(default)]
    from: String,
}

/// `GET /account/orders`: the customer's orders, newest first.
pub(super) async fn list(
    State(shop): State<AppState>,
    Query(From { from }): Query<From>,
    visit: PageContext,
) -> Result<Response> {
    let request = ListOrdersRequest {
        customer_id: visit.visitor.signed_in()?.id.clone(),
        page_size: 20,
        page_token: from,
        ..ListOrdersRequest::default()
    };
    let mut orders = shop.orders.clone();
    let (page, list) = tokio::join!(visit.page(&shop, "My orders"), orders.list_orders(request));
    let list = list?.into_inner();
    let older = Some(list.next_page_token).filter(|token| !token.is_empty());
    html(&Orders {
        page,
        list: list.orders.into_iter().map(Order::from).collect(),
        older: older.map(|token| format!("/account/orders?from={}", format::encoded(&token))),
    })
}

/// The order called `id`, if it is this visitor's.
pub(super) async fn own(shop: &AppState, visitor: &Visitor, id: &str) -> Result<Order> {
    let request = GetOrderRequest {
        id: id.to_owned(),
        customer_id: visitor.signed_in()?.id.clone(),
    };
    match shop
        .orders
        .clone()
        .get_order(request)
        .await
        .map_err(Error::from)
    {
        Ok(order) => Ok(order.into_inner().into()),
        Err(Error::NotFound(_) | Error::Invalid(_)) => Err(Error::NotFound("order")),
        Err(error) => Err(error),
    }
}

/// `GET /account/orders/{id}`: one order with its timeline.
pub(super) async fn show(
    State(shop): State<AppState>,
    Path(id): Path<String>,
    visit: PageContext,
) -> Result<Response> {
    let order = own(&shop, &visit.visitor, &id).await?;
    let page = visit.page(&shop, format!("Order {}", order.number())).await;
    html(&Receipt { page, order })
}

/// The query of the original's page.
#[derive(Deserialize)]
pub(super) struct Old {
    #[serde(default)]
    order: String,
}

/// `GET /customer-order.html?order=/orders/{id}`: no other URL is followed.
pub(super) async fn show_old(
    state: State<AppState>,
    Query(old): Query<Old>,
    visit: PageContext,
) -> Result<Response> {
    let id = old.order.strip_prefix("/orders/");
    let id = id.ok_or(Error::NotFound("order"))?.to_owned();
    show(state, Path(id), visit).await
}

/// `POST /account/orders/{id}/cancel`: cancels an order that is not packed.
pub(super) async fn cancel(
    State(shop): State<AppState>,
    Path(id): Path<String>,
    Submitted { visit, .. }: Submitted,
) -> Result<Response> {
    let request = CancelOrderRequest {
        id: id.clone(),
        customer_id: visit.visitor.signed_in()?.id.clone(),
    };
    match shop
        .orders
        .clone()
        .cancel_order(request)
        .await
        .map_err(Error::from)
    {
        Ok(_) => visit.visitor.flash(
            &shop,
            Kind::Done,
            "The order is cancelled and the money is on its way back.",
        ),
        Err(Error::Refused(message)) => {
            visit
                .visitor
                .flash(&shop, Kind::Problem, sentence(&message));
        }
        Err(error) => return Err(error),
    }
    Ok(go(&format!("/account/orders/{}", format::encoded(&id))))
}
