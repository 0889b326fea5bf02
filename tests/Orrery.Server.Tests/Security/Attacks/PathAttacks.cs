namespace Orrery.Server.Tests.Security.Attacks;

/// <summary>Ways to spell a path or a request so that it might be taken for another.</summary>
public sealed class PathAttacks(AttackWorld world) : IClassFixture<AttackWorld>
{
    private const string Secret = "api/v1/namespaces/default/secrets/canary";

    private static readonly int[] No = [400, 401, 403, 404];

    public static TheoryData<Attempt> Attempts =>
    [
        .. new[]
        {
            $"/{Secret}", $"//{Secret}", $"/./{Secret}", $"/clusters/beta/shop/{Secret}", $"/clusters/*/{Secret}", "/clusters/*/api/v1/secrets", "/clusters/%2a/api/v1/secrets", "/clusters/-/api/v1/secrets",
            "/clusters/-/-/api/v1/secrets", $"/clusters//{Secret}", $"/clusters/beta:shop/{Secret}", $"/clusters/acme/shop/../../beta/shop/{Secret}", $"/clusters/acme/shop/%2e%2e/%2e%2e/{Secret}",
            $"/clusters/acme/shop/..;/..;/{Secret}", $"/clusters/acme/shop/.%00./{Secret}", $"/clusters/acme/shop/%2e%2e%2f%2e%2e%2f{Secret}", $"/clusters/acme/shop/..%5c..%5cbeta/shop/{Secret}",
            $"/clusters/acme/shop/%252e%252e/%252e%252e/beta/shop/{Secret}", $"/clusters/acme/shop/%c0%ae%c0%ae/%c0%ae%c0%ae/beta/shop/{Secret}", $"/clusters/acme/shop/\uff0e\uff0e/{Secret}",
            $"/Clusters/beta/shop/{Secret}", $"/clusters/BETA/shop/{Secret}", $"/clusters/beta/shop;x=1/{Secret}", $"/clusters/beta%2fshop/{Secret}", $"/%63lusters/beta/shop/{Secret}", $"/clusters/beta/%73hop/{Secret}",
            $"/clusters/beta/shop/?/{Secret}", $"/clusters/beta/shop/{Secret}?cluster=acme/shop", $"/clusters/beta/shop/{Secret}#/clusters/acme/shop", "/clusters/beta/shop/api/v1/watch/secrets",
            "/clusters/beta/shop/api/v1/secrets?watch=1", "/clusters/beta/shop/metrics", "/clusters/beta/shop/openapi/v2", "/metrics", "/api/v1/watch/namespaces/default/secrets", "/apis/orrery.dev/v1alpha1/virtualclusters",
            "/apis/internal.orrery.dev/v1alpha1/logicalclusters", "/clusters/acme/shop/clusters/beta/shop/api/v1/secrets", "/clusters/acme/shop/apis/internal.orrery.dev/v1alpha1/logicalclusters", "/clusters/acme/shop/debug/pprof/heap",
            "/clusters/acme/shop/logs", "/clusters/acme/shop/api/v1/nodes/x/proxy/pods", "/clusters/acme/shop/api/v1/namespaces/default/services/https:127.0.0.1:443/proxy/", "/clusters/acme/shop/api/v1/namespaces/default%2f..%2f..%2fbeta:shop/secrets/canary",
            "/clusters/acme/shop/api/v1/namespaces/beta:shop/secrets/canary", "/clusters/acme/shop/api/v1/namespaces/-/secrets/canary", "/clusters/acme/shop/api/v1/namespaces/default/secrets/..%2f..%2fbeta:shop%2fdefault%2fcanary",
            $"https://localhost/clusters/beta/shop/{Secret}", $"http://beta/clusters/beta/shop/{Secret}", $"localhost/clusters/beta/shop/{Secret}", 
        }.Select(target => new Attempt($"GET {target}", "GET", target, No)),
        new Attempt("another method's name in a header", "GET", "/clusters/beta/shop/api/v1/namespaces/default/secrets", No, ["Authorization: Bearer {token}", "X-HTTP-Method-Override: DELETE"]),
        new Attempt("another path in headers of proxies", "GET", "/clusters/acme/shop/api/v1/namespaces/default/secrets/canary", [404], ["Authorization: Bearer {token}", "X-Original-URL: /api/v1/secrets", "X-Rewrite-URL: /api/v1/secrets", "X-Forwarded-Prefix: /clusters/beta/shop", "X-Forwarded-Uri: /api/v1/secrets"]),
        new Attempt("another host", "GET", "/api/v1/secrets", No, ["Host: kubernetes.default.svc", "Authorization: Bearer {token}", "X-Forwarded-Host: beta"]),
        new Attempt("two lengths of one body", "POST", "/clusters/acme/shop/api/v1/namespaces/default/configmaps", [400, 408], ["Authorization: Bearer {token}", "Content-Length: 4", "Transfer-Encoding: chunked"], null),
        new Attempt("the server itself", "GET", "*", [400, 404, 405]),
        new Attempt("a method made up", "STEAL", "/clusters/beta/shop/api/v1/secrets", [400, 401, 403, 405, 501]),
        new Attempt("CONNECT through the server", "CONNECT", "127.0.0.1:22", [400, 401, 403, 404, 405]),
        new Attempt("TRACE", "TRACE", "/clusters/beta/shop/api/v1/secrets", [400, 401, 403, 405]),
        new Attempt("an upgrade to HTTP/2 in the clear", "GET", "/api/v1/secrets", No, ["Authorization: Bearer {token}", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"]),
    ];

    [Theory]
    [MemberData(nameof(Attempts))]
    public Task Request_ForWhatIsNotTheirs_IsRefused(Attempt attempt) => world.RefuseAsync(attempt);
}
