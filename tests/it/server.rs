//! The server: API v1, API v2 and pages without a socket, and the binary itself.

use crate::support::registry::Service;

#[tokio::test]
async fn the_board_x() {
    let service = Service::start().await;
    service
        .form("/api/v1/create", "workload=a&platform=p&environment=dev&version=1&status=deployed")
        .await
        .is(201, "{\"versionId\":1}");
    let page = service.get("/").await;
    assert_eq!(page.status, 200, "{}", page.text);
}
