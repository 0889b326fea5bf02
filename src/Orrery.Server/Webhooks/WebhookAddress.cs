using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;

namespace Orrery.Server.Webhooks;

/// <summary>Where a webhook is called: its <c>clientConfig</c>.</summary>
/// <param name="Url">Null where a Service is named.</param>
/// <param name="CaBundle">PEM of the authorities that its certificate is checked against; empty for those of the system.</param>
internal sealed record WebhookAddress(Uri? Url, ServiceReference? Service, string CaBundle)
{
    public static WebhookAddress Of(JsonObject clientConfig) => new(
        clientConfig.Text("url") is { Length: > 0 } url ? new Uri(url, UriKind.Absolute) : null,
        clientConfig.Child("service") is { } service ? new ServiceReference(service.Text("namespace"), service.Text("name"), (int)(service.Number("port") ?? 443), service.Text("path")) : null,
        clientConfig.Text("caBundle"));
}

/// <summary>A Service of the webhook's own cluster.</summary>
internal sealed record ServiceReference(string Namespace, string Name, int Port, string Path)
{
    /// <summary>The name that its certificate must carry.</summary>
    public string Host => $"{Name}.{Namespace}.svc";
}
