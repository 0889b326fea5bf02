using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Joining;

namespace Orrery.Commands;

/// <summary>Where a satellite finds its invitation. Read anew whenever one is needed: an operator may have put another there.</summary>
/// <param name="For">By the client of the satellite's cluster.</param>
internal sealed record InvitationSource(Func<KubeClient, Func<CancellationToken, ValueTask<JoinInvitation?>>> For)
{
    private static readonly GroupVersionResource Secrets = new("", "v1", "secrets");

    /// <summary>In the cluster, as the manifest of <c>orrery data-plane add</c> puts it there.</summary>
    public static InvitationSource Secret(string name) => new(cluster => async cancellationToken =>
    {
        KubeObject? secret = await cluster.FindAsync(Secrets, JoinNames.SystemNamespace, name, cancellationToken).ConfigureAwait(false);
        return secret is null ? null : Read(key => secret.TextAt("data", key) is { } text ? Encoding.UTF8.GetString(Convert.FromBase64String(text)) : null);
    });

    /// <summary>A JSON object with the same members as the Secret; there may be none yet.</summary>
    public static InvitationSource File(string path) => new(_ => async cancellationToken =>
    {
        if (!System.IO.File.Exists(path))
        {
            return null;
        }

        JsonObject? json = JsonNode.Parse(await System.IO.File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false)) as JsonObject;
        return json is null ? throw new JsonException($"{path} holds no JSON object") : Read(key => json.TextAt(key));
    });

    /// <exception cref="CommandFailedException">The address is none.</exception>
    public static InvitationSource Said(string server, string pin, string token)
    {
        JoinInvitation invitation = Read(key => key switch { "server" => server, "ca-pin" => pin, "token" => token, _ => null })
            ?? throw new CommandFailedException($"--server: '{server}' does not have the form https://host:port");
        return new(_ => _ => ValueTask.FromResult<JoinInvitation?>(invitation));
    }

    /// <returns>Null when it is not all there.</returns>
    private static JoinInvitation? Read(Func<string, string?> text) =>
        Uri.TryCreate(text("server"), UriKind.Absolute, out Uri? server) && server.Scheme == Uri.UriSchemeHttps && text("token") is { Length: > 0 } token
        && (text("ca.crt") ?? text("ca-pin")) is { Length: > 0 }
            ? new JoinInvitation(server, token.Trim(), text("ca.crt"), text("ca-pin"))
            : null;
}
