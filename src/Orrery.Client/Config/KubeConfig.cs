using System.Text;
using YamlDotNet.RepresentationModel;

namespace Orrery.Client;

/// <summary>Reads a kubeconfig file (client-go <c>tools/clientcmd/api/v1</c>): one context of it becomes a <see cref="ClientConfig"/>.</summary>
public static partial class KubeConfig
{
    /// <summary>Names that the refusal of another one tells.</summary>
    private const int MostNamed = 20;

    /// <param name="path">The file; relative paths inside it are relative to its folder.</param>
    /// <param name="context">Null takes the file's <c>current-context</c>.</param>
    /// <param name="time">Clock for tokens that expire; null takes the system's.</param>
    /// <exception cref="InvalidDataException">The file is no kubeconfig, or names something that it does not hold.</exception>
    public static ClientConfig Load(string path, string? context = null, TimeProvider? time = null) =>
        Parse(File.ReadAllText(path), Path.GetDirectoryName(Path.GetFullPath(path))!, context, time);

    /// <summary>As kubectl reads the paths of <c>KUBECONFIG</c>: what an earlier file says wins, and files that do not exist are passed over.</summary>
    /// <inheritdoc cref="Load(string, string, TimeProvider)"/>
    /// <exception cref="InvalidDataException">None of the files exists, or what they say together names something that none holds.</exception>
    public static ClientConfig Load(IReadOnlyList<string> paths, string? context = null, TimeProvider? time = null)
    {
        string[] present = [.. paths.Where(File.Exists)];
        return present.Length > 0
            ? Read([.. present.Select(ParseFile)], context, time)
            : throw new InvalidDataException($"there is no kubeconfig at {string.Join(", ", paths)}");
    }

    /// <summary>Names of the contexts that the files hold, sorted; files that do not exist are passed over.</summary>
    /// <exception cref="InvalidDataException">A file is no kubeconfig.</exception>
    public static IReadOnlyList<string> Contexts(IReadOnlyList<string> paths) =>
        Names([.. paths.Where(File.Exists).Select(ParseFile)], "contexts");

    /// <inheritdoc cref="Load(string, string, TimeProvider)"/>
    /// <param name="text">Content of the file.</param>
    /// <param name="directory">What relative paths in it are relative to.</param>
    public static ClientConfig Parse(string text, string directory, string? context = null, TimeProvider? time = null) => Read([ParseSource(text, directory, "kubeconfig")], context, time);

    private static Source ParseFile(string path) => ParseSource(File.ReadAllText(path), Path.GetDirectoryName(Path.GetFullPath(path))!, $"kubeconfig {path}");

    /// <param name="what">What it is, for messages.</param>
    private static Source ParseSource(string text, string directory, string what)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlDotNet.Core.YamlException e)
        {
            throw new InvalidDataException($"{what}: {e.Message}", e);
        }

        return stream.Documents.Count > 0 && stream.Documents[0].RootNode is YamlMappingNode root
            ? new Source(root, directory)
            : throw new InvalidDataException($"{what}: not a YAML mapping");
    }

    private static ClientConfig Read(IReadOnlyList<Source> sources, string? context, TimeProvider? time)
    {
        // 1. context -> cluster and user
        string wanted = context ?? sources.Select(s => Text(s.Root, "current-context")).FirstOrDefault(c => c is { Length: > 0 })
            ?? throw new InvalidDataException("kubeconfig: no current-context and none was asked for");
        (YamlMappingNode chosen, _) = Named(sources, "contexts", "context", wanted);
        (YamlMappingNode cluster, string directory) = Named(sources, "clusters", "cluster", Text(chosen, "cluster") ?? "");
        (YamlMappingNode Node, string Directory)? user = Text(chosen, "user") is { Length: > 0 } name ? Named(sources, "users", "user", name) : null;

        // 2. the server and whom to trust
        string said = Text(cluster, "server") ?? throw new InvalidDataException("kubeconfig: the cluster has no server");
        if (!Uri.TryCreate(said, UriKind.Absolute, out Uri? server) || (server.Scheme != Uri.UriSchemeHttps && server.Scheme != Uri.UriSchemeHttp))
        {
            throw new InvalidDataException($"kubeconfig: server '{said}' does not have the form https://host:port");
        }

        PemSource? ca = Pem(cluster, "certificate-authority", directory);
        var config = new ClientConfig(server)
        {
            InsecureSkipTlsVerify = Text(cluster, "insecure-skip-tls-verify") == "true",
            TlsServerName = Text(cluster, "tls-server-name"),
            Proxy = ProxyOf(Text(cluster, "proxy-url")),
            DefaultNamespace = Text(chosen, "namespace") is { Length: > 0 } ns ? ns : "default",
        };

        // 3. who to be
        return WithUser(config, cluster, ca, user, time ?? TimeProvider.System);
    }

    /// <summary>The only cluster of a kubeconfig without contexts and users, as <c>kube-public/cluster-info</c> holds it.</summary>
    /// <exception cref="InvalidDataException">The text is no kubeconfig, or does not hold exactly one cluster.</exception>
    public static ClientConfig ParseCluster(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        if (stream.Documents.Count == 0 || stream.Documents[0].RootNode is not YamlMappingNode root
            || Child(root, "clusters") is not YamlSequenceNode { Children: [YamlMappingNode item] } || Child(item, "cluster") is not YamlMappingNode cluster
            || Text(cluster, "server") is not { } server)
        {
            throw new InvalidDataException("kubeconfig: want exactly one cluster with a server");
        }

        return new ClientConfig(new Uri(server), new TlsFiles(null, null, Pem(cluster, "certificate-authority", ""), TimeProvider.System).Now().Ca);
    }

    /// <summary>That of the file, or else that of the environment, as client-go has it.</summary>
    private static ForwardProxy? ProxyOf(string? said)
    {
        try
        {
            return said is { Length: > 0 } ? ForwardProxy.Parse(said) : ForwardProxy.FromEnvironment(Environment.GetEnvironmentVariable);
        }
        catch (FormatException e)
        {
            throw new InvalidDataException($"kubeconfig: {(said is null ? "HTTPS_PROXY" : "proxy-url")}: {e.Message}", e);
        }
    }

    /// <summary>PEM text from <c>{name}-data</c> (base64), or the file that <c>{name}</c> names; data wins.</summary>
    private static PemSource? Pem(YamlMappingNode node, string name, string directory)
    {
        if (Text(node, name + "-data") is { Length: > 0 } data)
        {
            try
            {
                return new PemSource(Encoding.UTF8.GetString(Convert.FromBase64String(data)), null);
            }
            catch (FormatException e)
            {
                throw new InvalidDataException($"kubeconfig: {name}-data is no base64", e);
            }
        }

        return Text(node, name) is { Length: > 0 } file ? new PemSource(null, Path.GetFullPath(file, directory)) : null;
    }

    private static (YamlMappingNode Node, string Directory) Named(IReadOnlyList<Source> sources, string list, string member, string name)
    {
        foreach (Source source in sources)
        {
            if (Child(source.Root, list) is YamlSequenceNode items
                && items.OfType<YamlMappingNode>().FirstOrDefault(i => Text(i, "name") == name) is { } item
                && Child(item, member) is YamlMappingNode found)
            {
                return (found, source.Directory);
            }
        }

        IReadOnlyList<string> known = Names(sources, list);
        throw new InvalidDataException($"kubeconfig: {list} holds no {member} named '{name}'{(known.Count is > 0 and <= MostNamed ? $"; there are {string.Join(", ", known)}" : "")}");
    }

    private static IReadOnlyList<string> Names(IReadOnlyList<Source> sources, string list) =>
        [.. sources.SelectMany(s => Child(s.Root, list) is YamlSequenceNode items ? items.OfType<YamlMappingNode>() : []).Select(i => Text(i, "name")).OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    private static YamlNode? Child(YamlMappingNode node, string name) =>
        node.Children.TryGetValue(new YamlScalarNode(name), out YamlNode? child) ? child : null;

    private static string? Text(YamlMappingNode node, string name) => (Child(node, name) as YamlScalarNode)?.Value;

    /// <summary>One file: relative paths in it are relative to its folder.</summary>
    private sealed record Source(YamlMappingNode Root, string Directory);
}
