//! All routes in one router.

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};

use crate::http::{Guard, edge, guard};
use crate::{ApiError, App, Routes, console, routes, webhooks};

/// Every route of the server.
pub fn all() -> Routes {
    routes::health().and(routes::api()).and(webhooks::routes()).and(console::routes())
}

/// What answers requests.
pub fn router(app: &App) -> Router {
    serve(app, all())
}

/// What answers the requests of some routes, each behind its guard.
pub(crate) fn serve(app: &App, routes: Routes) -> Router {
    let mut router = Router::new();
    for (route, handler) in routes.all {
        let guarded = handler.layer(from_fn_with_state(Guard::new(app.clone(), &route), guard));
        router = router.route(&route.path, guarded);
    }
    router
        .fallback(nothing)
        .method_not_allowed_fallback(other_method)
        .layer(from_fn_with_state(app.clone(), edge))
        .with_state(app.clone())
}

async fn nothing() -> Response {
    ApiError::not_found("page").into_response()
}

async fn other_method() -> Response {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method", "there is no such method here").into_response()
}
