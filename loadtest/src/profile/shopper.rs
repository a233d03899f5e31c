//! People with accounts of their own: they open one on their first visit, look
//! around, take their time, put socks into the basket and buy them.

use hyper::Method;
use serde::Deserialize;
use serde_json::json;

use super::RunContext;
use super::plan::{Plan, pick};
use crate::browser::{Ask, Browser, Failed, page};
use crate::engine::Arrival;

pub mod buy;

/// Virtual user of the shopper profile.
#[derive(Debug)]
pub struct Shopper {
    pub(super) browser: Browser,
    pub(super) account: Option<Account>,
    name: String,
    accounts: u32,
}

/// What somebody has saved in the shop.
#[derive(Debug)]
pub(super) struct Account {
    /// Id of the account.
    pub(super) id: String,
    address: bool,
    card: bool,
}

impl Shopper {
    /// Somebody who has never been here.
    #[must_use]
    pub fn new(context: &RunContext, number: u64) -> Self {
        Self {
            browser: context.browser(number),
            account: None,
            name: format!("shopper-{}-{number}", context.run),
            accounts: 0,
        }
    }

    /// Makes one visit. When the shop fails them for good, they leave.
    pub async fn visit(&mut self, context: &RunContext, plan: &Plan, arrival: Arrival) {
        self.browser.begin(arrival.due);
        if let Err(Failed::No(_)) = self.shop(context, plan, arrival.number).await {
            // Perhaps the shop does not know them any more: next time they begin anew.
            self.account = None;
        }
    }

    async fn shop(&mut self, context: &RunContext, plan: &Plan, number: u64) -> Result<(), Failed> {
        let mut thoughts = plan.thoughts.iter().copied();
        let mut think = || thoughts.next().unwrap_or_default();
        self.browser.open("home", "/").await?;
        self.settle_in(think()).await?;
        for roll in &plan.socks {
            self.browser.think(think()).await;
            let all = self.browser.open("list", "/socks").await?;
            let links = page::links(all.text(), "/socks/");
            let path = pick(&links, *roll).ok_or(Failed::No(all.status))?;
            self.browser.think(think()).await;
            self.take(path).await?;
        }
        self.browser.think(think()).await;
        let bought = if plan.by_form {
            self.buy_by_form(context).await?
        } else {
            let key = format!("{}-{number}", context.run);
            self.buy_by_api(context, &key).await?
        };
        if let Some(order) = bought {
            let path = format!("/account/orders/{order}");
            self.browser.open("order", &path).await?;
        }
        Ok(())
    }

    /// Opens an account and fills it, unless that is done.
    async fn settle_in(&mut self, think: std::time::Duration) -> Result<(), Failed> {
        if self.account.is_none() {
            self.browser.think(think).await;
            self.register().await?;
        }
        let Some(account) = &mut self.account else {
            return Ok(());
        };
        if !account.address {
            self.browser.insist(address()).await?;
            account.address = true;
        }
        if !account.card {
            self.browser.insist(card()).await?;
            account.card = true;
        }
        Ok(())
    }

    /// Opens an account. Who gets no answer tries another name: the first may
    /// be taken, by themselves.
    async fn register(&mut self) -> Result<(), Failed> {
        #[derive(Deserialize)]
        struct Created {
            id: String,
        }
        for _ in 0..4 {
            self.accounts += 1;
            let wish = json!({
                "username": format!("{}-{}", self.name, self.accounts),
                "password": format!("socks for {}", self.name),
                "email": "shopper@example.org", "firstName": "Sam", "lastName": "Shopper",
            });
            match self
                .browser
                .ask(Ask::json("register", "/register", &wish))
                .await
            {
                Ok(reply) => {
                    let created = serde_json::from_slice::<Created>(&reply.body);
                    let created = created.map_err(|_| Failed::No(reply.status))?;
                    self.account = Some(Account {
                        id: created.id,
                        address: false,
                        card: false,
                    });
                    return Ok(());
                }
                Err(Failed::Later) => self.browser.think(std::time::Duration::from_secs(1)).await,
                Err(no) => return Err(no),
            }
        }
        Err(Failed::Later)
    }

    /// Puts a pair of the sock on the page at `path` into the basket.
    async fn take(&mut self, path: &str) -> Result<(), Failed> {
        let sock = self.browser.open("sock", path).await?;
        let field = |name| page::field(sock.text(), name).ok_or(Failed::No(sock.status));
        let fields = [
            ("csrf", field("csrf")?),
            ("product", field("product")?),
            ("quantity", "1"),
        ];
        let form = Ask::form("add to basket", "/basket", &fields);
        let answer = self.browser.insist(form).await?;
        self.browser.follow("basket", &answer).await.map(drop)
    }

    /// Removes all items from the basket.
    pub(super) async fn put_back(&mut self) -> Result<(), Failed> {
        let clear = Ask::new("empty basket", Method::DELETE, "/cart");
        self.browser.insist(clear).await.map(drop)
    }
}

fn address() -> Ask {
    let address = json!({
        "number": "1", "street": "Mill Lane", "city": "Leeds", "postcode": "LS1 1AA", "country": "UK",
    });
    Ask::json("save address", "/addresses", &address)
}

fn card() -> Ask {
    let card = json!({"longNum": "4111 1111 1111 1111", "expires": "12/49", "ccv": "123"});
    Ask::json("save card", "/cards", &card)
}
