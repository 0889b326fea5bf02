using System.CommandLine;
using System.Net;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Installation;
using Orrery.KubeApiServer;
using Orrery.Server.Clusters;
using Orrery.Serving;
using Orrery.Storage.Etcd;

namespace Orrery.Commands;

/// <summary><c>orrery serve</c>: the control plane in this process.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        Option<string> dataDir = Options.DataDir();
        Option<int> port = Options.Port();
        port.Description = $"Port to listen on. Default {Settings.DefaultPort}, or what the installation was made with.";
        var address = new Option<string>("--address") { Description = "IP address to listen on; one of another interface is listened on beside the loopback interface.", DefaultValueFactory = _ => "127.0.0.1", HelpName = "IP" };
        var publicUrl = new Option<string?>("--public-url")
        {
            Description = "How users reach the API, such as the address of a load balancer before several replicas; what the Service kubernetes of each cluster leads to. Default: this server on the loopback interface.", HelpName = "URL",
        };
        Option<LogLevel> logLevel = Options.LogLevel();
        var command = new Command("serve", "Run the control plane: API server, virtual clusters and controllers.") { dataDir, port, address, publicUrl, logLevel };
        var webhooks = new Option<string[]>("--allow-webhook-address")
        {
            Description = "What webhooks of virtual clusters may reach beside public addresses, in CIDR form; may be repeated. Webhooks of root reach anything.",
            HelpName = "CIDR",
        };
        command.Options.Add(webhooks);
        var upkeep = new Option<string>("--controllers")
        {
            Description = "Which controllers of kube-controller-manager this server stands in for, in every cluster: '*' all that are built (token-cleaner-controller only by its name), 'name' one more, '-name' one less; separated by commas.",
            HelpName = "NAMES",
            DefaultValueFactory = _ => "*",
        };
        command.Options.Add(upkeep);
        var mostObjects = new Option<long>("--virtual-cluster-objects")
        {
            Description = "The most objects that one virtual cluster may hold; 0 sets no bound.", HelpName = "N", DefaultValueFactory = _ => ClusterRoom.Default.Objects,
        }.Within(0, long.MaxValue);
        var mostBytes = new Option<string>("--virtual-cluster-bytes")
        {
            Description = "The most that the objects of one virtual cluster may take, as a quantity; 0 sets no bound.", HelpName = "QUANTITY", DefaultValueFactory = _ => $"{ClusterRoom.Default.Bytes >> 20}Mi",
        };
        command.Options.Add(mostObjects);
        command.Options.Add(mostBytes);
        var signing = new Option<string>("--cluster-signing-duration")
        {
            Description = "The longest that certificates hold that are signed by request, satellites' among them (which ask for 24 hours and renew after two thirds): 10s or more.", HelpName = "DURATION", DefaultValueFactory = _ => "8760h",
        };
        command.Options.Add(signing);
        var store = new StoreOptions();
        store.AddTo(command);
        var access = new AccessOptions();
        access.AddTo(command);
        command.SetAction((parse, cancellationToken) => RunAsync(
            parse.GetValue(dataDir)!,
            parse.GetResult(port) is { Implicit: false } ? parse.GetValue(port) : null,
            parse.GetValue(address)!,
            parse.GetValue(publicUrl),
            store.Read(parse),
            access.Read(parse),
            new ServerBounds(
                [.. (parse.GetValue(webhooks) ?? []).Select(ReadNetwork)],
                KubeApiServerOptions.Controllers(parse.GetValue(upkeep)!.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)),
                new ClusterRoom(parse.GetValue(mostObjects), ReadBytes(parse.GetValue(mostBytes)!)),
                KubeApiServerOptions.ReadSigningDuration(parse.GetValue(signing)!)),
            parse.GetValue(logLevel),
            cancellationToken));
        return command;
    }

    private static IPNetwork ReadNetwork(string text) => IPNetwork.TryParse(text, out IPNetwork network)
        ? network
        : throw new CommandFailedException($"--allow-webhook-address: '{text}' is no network such as 10.1.0.0/16, without bits set beyond its prefix");

    private static long ReadBytes(string text) => Quantity.TryParse(text, out Quantity bytes, out string fault) && bytes >= Quantity.Zero
        ? bytes.Value
        : throw new CommandFailedException($"--virtual-cluster-bytes: '{text}' is no amount of bytes such as 512Mi{(fault.Length > 0 ? $" ({fault})" : "")}");

    private static async Task<int> RunAsync(string dataDir, int? port, string address, string? publicUrl, EtcdOptions? etcd, AccessConfiguration access, ServerBounds bounds, LogLevel logLevel, CancellationToken cancellationToken)
    {
        OrreryProcess.LeaveSession();
        if (!IPAddress.TryParse(address, out IPAddress? listen))
        {
            throw new CommandFailedException($"--address: '{address}' is no IP address");
        }

        Uri? url = null;
        if (publicUrl is not null && (!Uri.TryCreate(publicUrl, UriKind.Absolute, out url) || url.Scheme != Uri.UriSchemeHttps || url.PathAndQuery != "/"))
        {
            throw new CommandFailedException($"--public-url: '{publicUrl}' does not have the form https://host:port");
        }

        var directory = new DataDirectory(dataDir);
        directory.Create();
        Settings settings = (Settings.Load(directory) ?? new Settings { DataPlanes = [] }) is var kept && port is { } given ? kept with { Port = given } : kept;
        settings = settings with { PublicUrl = url };
        if (!directory.Exists)
        {
            // So that 'orrery kubeconfig' knows this installation.
            settings.Save(directory);
        }

        using ILoggerFactory loggers = Logging.Create(logLevel);
        return await Serving.Host.RunAsync(
            token => ControlPlane.RunAsync(directory, settings, etcd, listen, access, bounds, loggers, TimeProvider.System, token), cancellationToken).ConfigureAwait(false);
    }
}
