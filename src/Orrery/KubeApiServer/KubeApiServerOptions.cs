using System.Net;
using System.Net.Sockets;
using Orrery.Api;
using Orrery.Commands;
using Orrery.Server;
using Orrery.Server.Authentication;
using Orrery.Server.Registry;
using Orrery.Server.Upkeep;
using Orrery.Serving;
using Orrery.Storage.Etcd;

namespace Orrery.KubeApiServer;

/// <summary>What <c>orrery kube-apiserver</c> was told, checked.</summary>
internal sealed record KubeApiServerOptions
{
    private static readonly TimeSpan LeastSigningDuration = TimeSpan.FromSeconds(10);

    /// <summary>Null keeps state in <see cref="DataDir"/>.</summary>
    public required EtcdOptions? Etcd { get; init; }

    public required string DataDir { get; init; }

    public required IPAddress Bind { get; init; }

    public required IPAddress Advertise { get; init; }

    /// <summary>Zero takes a free one.</summary>
    public required int Port { get; init; }

    public string? ExternalHost { get; init; }

    public required string CertDir { get; init; }

    /// <summary>Certificate and key; null uses, or makes, those in <see cref="CertDir"/>.</summary>
    public (string Certificate, string Key)? TlsFiles { get; init; }

    public required TlsFlags Tls { get; init; }

    public string? ClientCaFile { get; init; }

    public string? TokenFile { get; init; }

    /// <summary>Whether bootstrap tokens are accepted.</summary>
    public required bool AllowsBootstrapTokens { get; init; }

    /// <summary>Null makes a key in <see cref="CertDir"/>.</summary>
    public string? SigningKeyFile { get; init; }

    public required IReadOnlyList<string> KeyFiles { get; init; }

    public required TokenIssuers Issuers { get; init; }

    public required AuthorizationFlags Authorization { get; init; }

    public required bool AllowsAnonymous { get; init; }

    /// <summary>One, or one of each address family.</summary>
    public required IReadOnlyList<ServiceRange> ServiceRanges { get; init; }

    public required NodePortRange NodePorts { get; init; }

    /// <summary>Requests under way at once; zero for no bound, null for what suits the machine.</summary>
    public required int? MostRequests { get; init; }

    /// <summary>Requests beyond that wait.</summary>
    public required bool QueuesRequests { get; init; }

    /// <summary>Zero for ever.</summary>
    public required TimeSpan EventLifetime { get; init; }

    /// <summary>Flags that were given and change nothing.</summary>
    public required IReadOnlyList<string> WithoutEffect { get; init; }

    public required bool AllowsPrivileged { get; init; }

    public required IReadOnlySet<string> WithheldVersions { get; init; }

    public required IReadOnlySet<string> DisabledPlugins { get; init; }

    /// <summary>Whether kubelets are held to what is theirs.</summary>
    public required bool RestrictsNodes { get; init; }

    /// <summary>Certificate and key of who signs requests for client certificates; null signs none.</summary>
    public (string Certificate, string Key)? SigningFiles { get; init; }

    /// <summary>The longest that such a certificate holds.</summary>
    public required TimeSpan SigningDuration { get; init; }

    public required IReadOnlySet<string> DisabledControllers { get; init; }

    public required AccessConfiguration Access { get; init; }

    public required int Verbosity { get; init; }

    /// <exception cref="CommandFailedException">Names the flag and what it may be.</exception>
    public static KubeApiServerOptions From(FlagValues flags)
    {
        foreach ((string flag, string only) in (ReadOnlySpan<(string, string)>)[("storage-backend", "etcd3"), ("audit-log-format", "json"), ("audit-log-version", "audit.k8s.io/v1")])
        {
            if (flags.Text(flag) != only)
            {
                throw new CommandFailedException($"--{flag}: {only} is the only one");
            }
        }

        AuthorizationFlags authorization = AuthorizationFlags.Read(flags);
        IPAddress bind = Address(flags, "bind-address")!;
        string certDir = Path.GetFullPath(flags.Text("cert-dir")!);
        int port = flags.Number("secure-port");
        IReadOnlyList<string> issuers = flags.List("service-account-issuer") is { Count: > 0 } said ? said : [AccessTokens.Issuer];
        return new KubeApiServerOptions
        {
            Etcd = ReadEtcd(flags),
            DataDir = Path.GetFullPath(flags.Text("data-dir") ?? certDir),
            Bind = bind,
            Advertise = Address(flags, "advertise-address") ?? (IPAddress.Any.Equals(bind) || IPAddress.IPv6Any.Equals(bind) ? Own() : bind),
            Port = port is >= 0 and <= IPEndPoint.MaxPort ? port : throw new CommandFailedException($"--secure-port: {port} is no port, want 0 to 65535"),
            ExternalHost = flags.Text("external-hostname"),
            CertDir = certDir,
            TlsFiles = Together(flags, "tls-cert-file", "tls-private-key-file"),
            Tls = TlsFlags.Read(flags),
            ClientCaFile = flags.Text("client-ca-file"),
            TokenFile = flags.Text("token-auth-file") is { } tokens && !System.IO.File.Exists(tokens) ? throw new CommandFailedException($"--token-auth-file: there is no file {tokens}") : flags.Text("token-auth-file"),
            AllowsBootstrapTokens = flags.Switch("enable-bootstrap-token-auth"),
            SigningKeyFile = flags.Text("service-account-signing-key-file"),
            KeyFiles = flags.List("service-account-key-file"),
            Issuers = new TokenIssuers { Root = issuers, Audiences = flags.List("api-audiences") is { Count: > 0 } audiences ? audiences : issuers },
            Authorization = authorization,

            // As upstream: where everything is allowed, nobody may come without a name.
            AllowsAnonymous = flags.Switch("anonymous-auth") && !authorization.AllowsEverything,
            ServiceRanges = Ranges(flags.Text("service-cluster-ip-range")!),
            NodePorts = ReadNodePorts(flags.Text("service-node-port-range")!),
            MostRequests = ReadMostRequests(flags),
            QueuesRequests = flags.Switch("enable-priority-and-fairness"),
            EventLifetime = flags.Duration("event-ttl") ?? TimeSpan.Zero,
            WithoutEffect = flags.WithoutEffect,
            AllowsPrivileged = flags.Switch("allow-privileged"),
            WithheldVersions = Withheld(flags.Pairs("runtime-config")),
            DisabledPlugins = !flags.Has("admission-control") ? AdmissionPluginNames.Disabled(flags.List("enable-admission-plugins"), flags.List("disable-admission-plugins"))
                : flags.Has("enable-admission-plugins") || flags.Has("disable-admission-plugins")
                    ? throw new CommandFailedException("--admission-control and --enable-admission-plugins, --disable-admission-plugins exclude each other")
                : AdmissionPluginNames.AllBut(flags.List("admission-control")),
            RestrictsNodes = flags.List("enable-admission-plugins").Concat(flags.List("admission-control")).Contains(AdmissionPluginNames.NodeRestriction),
            SigningFiles = Together(flags, "cluster-signing-cert-file", "cluster-signing-key-file"),
            SigningDuration = ReadSigningDuration(flags.Text("cluster-signing-duration")!),
            DisabledControllers = Controllers(flags.List("controllers")),
            Access = AccessConfiguration.Read(flags.Text, flags.List, name => flags.Number(name)),
            Verbosity = flags.Number("v"),
        };
    }

    /// <summary>What is not built cannot be switched on, and saying so at the start is better than 404 later. Whole stages are as they are: only stable APIs are built.</summary>
    private static HashSet<string> Withheld(IReadOnlyList<(string Name, string Value)> pairs)
    {
        string[] known = [.. ApiServerOptions.BuiltinVersions];
        var withheld = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string given, string value) in pairs)
        {
            // As upstream: the legacy group's version may be written as its path is.
            string name = given == "api/v1" ? "v1" : given;
            bool on = value.Length == 0 || (FlagValues.Boolean(value) ?? throw new CommandFailedException($"--runtime-config: {name}={value}: want true or false"));
            bool isStage = name is "api/all" or "api/ga" or "api/beta" or "api/alpha" or "api/legacy";
            if (isStage ? !on && name is "api/all" or "api/ga" or "api/legacy" : on && !known.Contains(name))
            {
                throw new CommandFailedException($"--runtime-config: {name}={value} is not possible here: {(on ? "there is no such API version" : "versions can be switched off one by one")}");
            }

            if (!on && !isStage)
            {
                withheld.Add(name);
            }
        }

        return withheld;
    }

    /// <exception cref="CommandFailedException">Names what is unknown.</exception>
    public static IReadOnlySet<string> Controllers(IReadOnlyList<string> selection)
    {
        try
        {
            return ControllerNames.Disabled(selection);
        }
        catch (FormatException unknown)
        {
            throw new CommandFailedException($"--controllers: {unknown.Message}", unknown);
        }
    }

    /// <exception cref="CommandFailedException">It is no duration, or one in which nobody could fetch a certificate and replace it.</exception>
    public static TimeSpan ReadSigningDuration(string text) => GoDuration.Parse(text) is { } longest && longest >= LeastSigningDuration
        ? longest
        : throw new CommandFailedException($"--cluster-signing-duration: '{text}': want a duration such as 24h, {LeastSigningDuration.TotalSeconds:0}s or more");

    private static readonly EtcdOptionNames EtcdNames = new("--etcd-servers", "--etcd-cafile", "--etcd-certfile", "--etcd-keyfile", "--etcd-prefix");

    private static EtcdOptions? ReadEtcd(FlagValues flags)
    {
        IReadOnlyList<string> servers = flags.List("etcd-servers");
        return servers.Count == 0
            ? flags.Has("etcd-servers") ? throw new CommandFailedException($"{EtcdNames.Servers} names none") : null
            : EtcdAccess.Read(EtcdNames, servers, flags.Text("etcd-cafile"), Together(flags, "etcd-certfile", "etcd-keyfile"), flags.Text("etcd-prefix")!);
    }

    private static (string, string)? Together(FlagValues flags, string certificate, string key) => (flags.Text(certificate), flags.Text(key)) switch
    {
        ({ } file, { } keyFile) => (file, keyFile),
        (null, null) => null,
        _ => throw new CommandFailedException($"--{certificate} and --{key} go together"),
    };

    private static IPAddress? Address(FlagValues flags, string name) =>
        flags.Text(name) is not { } text ? null
        : IPAddress.TryParse(text, out IPAddress? address) ? address
        : text == "localhost" ? IPAddress.Loopback
        : throw new CommandFailedException($"--{name}: '{text}' is no IP address");

    private static IReadOnlyList<ServiceRange> Ranges(string text)
    {
        try
        {
            ServiceRange[] ranges = [.. text.Split(',').Select(ServiceRange.Parse)];
            return ranges.Length == ranges.DistinctBy(r => r.Family).Count()
                ? ranges
                : throw new CommandFailedException($"--service-cluster-ip-range: '{text}' is neither one network nor one of each address family");
        }
        catch (FormatException bad)
        {
            throw new CommandFailedException($"--service-cluster-ip-range: {bad.Message}", bad);
        }
    }

    private static NodePortRange ReadNodePorts(string text)
    {
        try
        {
            return NodePortRange.Parse(text);
        }
        catch (FormatException bad)
        {
            throw new CommandFailedException($"--service-node-port-range: {bad.Message}", bad);
        }
    }

    private static int? ReadMostRequests(FlagValues flags)
    {
        string[] names = ["max-requests-inflight", "max-mutating-requests-inflight"];
        if (names.FirstOrDefault(name => flags.Number(name) < 0) is { } negative)
        {
            throw new CommandFailedException($"--{negative} can not be negative value");
        }

        return names.Any(flags.Has) ? (int)Math.Min(int.MaxValue, names.Sum(name => (long)flags.Number(name))) : null;
    }

    /// <summary>The first address of an interface that is up and leads somewhere; loopback where there is none.</summary>
    private static IPAddress Own() => OwnAddress.Outward().FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork) ?? IPAddress.Loopback;
}
