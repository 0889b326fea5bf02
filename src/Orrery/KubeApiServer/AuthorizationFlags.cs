using Orrery.Client;
using Orrery.Commands;
using Orrery.Server.Authorization;
using Orrery.Server.Authorization.Webhook;

namespace Orrery.KubeApiServer;

/// <summary>Who decides what users may do, as the flags say it.</summary>
/// <param name="Mode">Alone, where <paramref name="Chain"/> is null.</param>
/// <param name="Chain">Null where nobody but roles decides, or nobody at all.</param>
/// <param name="File">Where <paramref name="Chain"/> was read; null for flags.</param>
internal sealed record AuthorizationFlags(AuthorizationMode Mode, AuthorizationConfiguration? Chain, string? File)
{
    private static readonly string[] OfWebhook = ["authorization-webhook-config-file", "authorization-webhook-version", "authorization-webhook-cache-authorized-ttl", "authorization-webhook-cache-unauthorized-ttl"];

    /// <summary>Nobody then needs a name to do anything.</summary>
    public bool AllowsEverything => Mode == AuthorizationMode.AlwaysAllow || Chain is { AllowsEverything: true };

    public FollowedAuthorizers? Followed => File is null ? null : new FollowedAuthorizers(File, Connect);

    /// <exception cref="CommandFailedException">Names the flag and what it may be.</exception>
    public static AuthorizationFlags Read(FlagValues flags)
    {
        if (flags.Text("authorization-config") is { } file)
        {
            return OfWebhook.Append("authorization-mode").FirstOrDefault(flags.Has) is { } other
                ? throw new CommandFailedException($"--authorization-config and --{other} exclude each other")
                : new AuthorizationFlags(AuthorizationMode.Rbac, Parse(file), Path.GetFullPath(file));
        }

        IReadOnlyList<string> modes = flags.List("authorization-mode");
        string? unknown = modes.FirstOrDefault(m => m is not ("RBAC" or "AlwaysAllow" or "AlwaysDeny" or "Node" or "Webhook"));
        if (unknown is not null)
        {
            throw new CommandFailedException($"--authorization-mode: \"{unknown}\" is not one of RBAC, Node, Webhook, AlwaysAllow, AlwaysDeny");
        }

        if (modes.Distinct().Count() < modes.Count)
        {
            throw new CommandFailedException("--authorization-mode: each mode can stand there once");
        }

        bool asksWebhook = modes.Contains("Webhook");
        return !asksWebhook && OfWebhook.FirstOrDefault(flags.Has) is { } idle
            ? throw new CommandFailedException($"--{idle} is given without the mode Webhook in --authorization-mode")
            : asksWebhook || modes.Contains("Node")
                ? new AuthorizationFlags(AuthorizationMode.Rbac, AuthorizationConfiguration.Of(modes, asksWebhook ? Webhook(flags) : null), null)
                : new AuthorizationFlags(Of(modes), null, null);
    }

    /// <summary>Modes are asked in turn until one allows: what one grants, another does not take away.</summary>
    private static AuthorizationMode Of(IReadOnlyList<string> modes) =>
        modes.Contains("AlwaysAllow") ? AuthorizationMode.AlwaysAllow
        : modes.Contains("RBAC") ? AuthorizationMode.Rbac
        : AuthorizationMode.AlwaysDeny;

    private static AuthorizationWebhook Webhook(FlagValues flags)
    {
        string kubeconfig = flags.Text("authorization-webhook-config-file") ?? throw new CommandFailedException("--authorization-mode=Webhook wants --authorization-webhook-config-file");
        string version = flags.Text("authorization-webhook-version")!;
        if (version is not ("v1" or "v1beta1"))
        {
            throw new CommandFailedException($"--authorization-webhook-version: \"{version}\" is not one of v1, v1beta1");
        }

        try
        {
            return new AuthorizationWebhook
            {
                Name = "webhook",
                Connection = Connect(kubeconfig),
                AllowedFor = flags.Duration("authorization-webhook-cache-authorized-ttl")!.Value,
                RefusedFor = flags.Duration("authorization-webhook-cache-unauthorized-ttl")!.Value,
                ReviewVersion = version,
            };
        }
        catch (Exception fault) when (fault is InvalidDataException or IOException or UnauthorizedAccessException or FormatException or System.Security.Cryptography.CryptographicException)
        {
            throw new CommandFailedException($"--authorization-webhook-config-file: {kubeconfig}: {fault.Message}", fault);
        }
    }

    private static AuthorizationConfiguration Parse(string file)
    {
        try
        {
            return AuthorizationConfiguration.Parse(System.IO.File.ReadAllText(file), Connect);
        }
        catch (Exception fault) when (fault is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException($"--authorization-config: {file}: {fault.Message}", fault);
        }
    }

    private static WebhookConnection Connect(string kubeconfig)
    {
        ClientConfig config = KubeConfig.Load(kubeconfig);
        return new WebhookConnection(config.Server, () => ClientHandler.Create(config), async token => config.TokenSource is { } source ? await source(token).ConfigureAwait(false) : config.BearerToken);
    }
}
