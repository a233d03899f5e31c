//! A user service and a browser for the tests.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use chassis::forwarded::CLIENT_ADDRESS;
use chassis::testing::{Answer, send};
use proto::user as pb;
use proto::user::users_server::{Users as Service, UsersServer};
use tonic::{Response, Status};
use url::form_urlencoded::Serializer;

/// A user service that knows everybody with the password `secret`, save `busy`,
/// for whom it has no time. It answers for `whoami` with the caller's client.
pub(crate) struct Users;

type Answered<T> = Result<Response<T>, Status>;

fn customer<T>(request: &tonic::Request<T>, username: &str) -> Answered<pb::Customer> {
    if username == "busy" {
        return Err(chassis::Error::Exhausted {
            message: "busy",
            retry_after: std::time::Duration::from_secs(1),
        }
        .into());
    }
    let address = request.metadata().get(CLIENT_ADDRESS);
    let address = address.map(|address| address.to_str().unwrap().to_owned());
    let id = match username {
        "whoami" => address.unwrap_or_default(),
        _ => "57a98d98e4b00679b4a830b2".to_owned(),
    };
    Ok(Response::new(pb::Customer {
        id,
        username: username.to_owned(),
        ..Default::default()
    }))
}

macro_rules! away {
    ($($name:ident: $request:ident => $answer:ident),* $(,)?) => {
        #[tonic::async_trait]
        impl Service for Users {
            async fn sign_in(&self, request: tonic::Request<pb::SignInRequest>) -> Answered<pb::Customer> {
                match &*request.get_ref().password {
                    "secret" => customer(&request, &request.get_ref().username),
                    _ => Err(Status::unauthenticated("no")),
                }
            }

            async fn register(&self, request: tonic::Request<pb::RegisterRequest>) -> Answered<pb::Customer> {
                customer(&request, &request.get_ref().username)
            }

            $(async fn $name(&self, _: tonic::Request<pb::$request>) -> Answered<pb::$answer> {
                Err(Status::unavailable("away"))
            })*
        }
    };
}

away! {
    get_customer: GetCustomerRequest => Customer,
    update_customer: UpdateCustomerRequest => Customer,
    delete_customer: DeleteCustomerRequest => DeleteCustomerResponse,
    list_addresses: ListAddressesRequest => ListAddressesResponse,
    get_address: GetAddressRequest => Address,
    create_address: CreateAddressRequest => Address,
    delete_address: DeleteAddressRequest => DeleteAddressResponse,
    list_cards: ListCardsRequest => ListCardsResponse,
    get_card: GetCardRequest => Card,
    create_card: CreateCardRequest => Card,
    delete_card: DeleteCardRequest => DeleteCardResponse,
}

impl Users {
    /// Serves it, and returns where.
    pub(crate) async fn serve() -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = chassis::grpc::mount(UsersServer::new(Self));
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        url
    }
}

/// A browser: it keeps cookies by name, whichever shop set them.
#[derive(Clone, Default)]
pub(crate) struct Browser(BTreeMap<String, String>);

impl Browser {
    /// What it sends in `Cookie`.
    pub(crate) fn cookies(&self) -> String {
        let pairs: Vec<_> = self
            .0
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    /// Forgets one cookie, as when it expires.
    pub(crate) fn forget(&mut self, name: &str) {
        self.0.remove(name);
    }

    async fn send(
        &mut self,
        app: &Router,
        request: axum::http::request::Builder,
        body: String,
    ) -> Answer {
        let request = request
            .header("accept", "text/html")
            .header("cookie", self.cookies());
        let answer = send(app, request.body(Body::from(body)).unwrap()).await;
        for line in answer.headers.get_all("set-cookie") {
            let (pair, attributes) = line.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.0.remove(name);
            } else {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Submits a form.
    pub(crate) async fn post(
        &mut self,
        app: &Router,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        let request =
            Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        self.send(app, request, body).await
    }

    /// The token in the forms of the page at `path`, or one of this session when
    /// that page is away.
    pub(crate) async fn token(&mut self, app: &Router, path: &str) -> String {
        let page = self.send(app, Request::get(path), String::new()).await;
        let mut text = page.text();
        if !text.contains("name=\"csrf\"") {
            text = self
                .send(app, Request::get("/register"), String::new())
                .await
                .text();
        }
        let (_, token) = text.split_once("name=\"csrf\" value=\"").unwrap();
        token.split_once('"').unwrap().0.to_owned()
    }

    /// Signs in by the form, as `name`.
    pub(crate) async fn sign_in(&mut self, app: &Router, name: &str) {
        let token = self.token(app, "/sign-in").await;
        let fields = [
            ("username", name),
            ("password", "secret"),
            ("csrf", &*token),
        ];
        let answer = self.post(app, "/sign-in", &fields).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
    }

    /// Who the shop takes it for; empty for a guest.
    pub(crate) async fn username(&mut self, app: &Router) -> String {
        let page = self
            .send(app, Request::get("/about"), String::new())
            .await
            .text();
        let name = page
            .split_once("Signed in as </span>")
            .map(|(_, name)| name);
        name.map_or("", |name| name.split_once('<').unwrap().0)
            .to_owned()
    }
}
