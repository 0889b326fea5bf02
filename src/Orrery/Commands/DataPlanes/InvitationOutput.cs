using System.CommandLine;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Joining;

namespace Orrery.Commands.DataPlanes;

/// <summary>What <c>add</c> and <c>token</c> print: a manifest for the cluster that joins, which begins with the same as a command line.</summary>
internal sealed class InvitationOutput
{
    private readonly Option<string> image = new("--image") { Description = "Image of orrery that the satellite's pod runs.", DefaultValueFactory = _ => "orrery:" + VersionCommand.Version, HelpName = "IMAGE" };

    private readonly Option<string> via = new("--via") { Description = "HTTP proxy through which the satellite reaches the control plane.", HelpName = "http://HOST:PORT" };

    private readonly Option<string> server = new("--server") { Description = "Address at which the satellite reaches the control plane. Default: what the control plane says of itself.", HelpName = "URL" };

    public static InvitationOutput AddTo(Command command)
    {
        var output = new InvitationOutput();
        command.Add(output.image);
        command.Add(output.via);
        command.Add(output.server);
        return output;
    }

    /// <summary>Makes an invitation and prints it. The token stands there and nowhere else.</summary>
    public static async Task WriteAsync(InvitationDetails details, KubeClient root, string dataPlane, bool newCluster, CancellationToken cancellationToken)
    {
        JoinToken token = await new InvitationWriter(root, TimeProvider.System).InviteAsync(dataPlane, newCluster, cancellationToken).ConfigureAwait(false);
        Console.Write(SatelliteManifest.Render(dataPlane, details.Target, token, details.Image, details.Via));
    }

    /// <summary>What the options say, and the control plane of itself. Read before anything is made, so that a mistake leaves nothing behind.</summary>
    /// <exception cref="CommandFailedException">An address is none, or the control plane says none.</exception>
    /// <exception cref="StatusException">The cluster is no root, and will never say how it is reached.</exception>
    public async Task<InvitationDetails> ReadAsync(ParseResult parsed, KubeClient root, string dataPlane, CancellationToken cancellationToken)
    {
        Uri? address = Read(parsed, server, Uri.UriSchemeHttps);
        Uri? proxy = Read(parsed, via, Uri.UriSchemeHttp, Uri.UriSchemeHttps);
        _ = await root.FindServedAsync(OrreryResources.DataPlanes, "", dataPlane, cancellationToken).ConfigureAwait(false);
        return new InvitationDetails(await JoinTarget.ReadAsync(root, address, TimeProvider.System, cancellationToken).ConfigureAwait(false), parsed.GetValue(image)!, proxy);
    }

    private static Uri? Read(ParseResult parsed, Option<string> option, params string[] schemes) =>
        parsed.GetValue(option) is not { } text ? null
        : Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && schemes.Contains(url.Scheme) ? url
        : throw new CommandFailedException($"{option.Name}: '{text}' does not have the form {schemes[0]}://host:port");
}

/// <summary>What an invitation says beside its token.</summary>
/// <param name="Via">Proxy on the way to the control plane; null for none.</param>
internal sealed record InvitationDetails(JoinTarget Target, string Image, Uri? Via);
