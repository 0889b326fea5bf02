using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using YamlDotNet.RepresentationModel;

namespace Orrery.Client;

// Who to be: the credentials of a user, by whichever of the ways that client-go knows.
public static partial class KubeConfig
{
    private const string ClientAuthentication = "client.authentication.k8s.io";

    private static ClientConfig WithUser(ClientConfig config, YamlMappingNode cluster, PemSource? ca, (YamlMappingNode Node, string Directory)? user, TimeProvider time)
    {
        // 1. Certificates, which may stand in files that are replaced.
        PemSource? certificate = user is { } holder ? Pem(holder.Node, "client-certificate", holder.Directory) : null;
        PemSource? key = user is { } keyHolder ? Pem(keyHolder.Node, "client-key", keyHolder.Directory) : null;
        if (certificate is not null && key is null)
        {
            throw new InvalidDataException("kubeconfig: client-certificate without client-key");
        }

        TlsFiles tls;
        try
        {
            tls = new TlsFiles(certificate, key, ca, time);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"kubeconfig: its certificates: {e.Message}", e);
        }

        config = config with { Ca = tls.Now().Ca, ClientCertificate = tls.Now().Certificate, TlsSource = tls.Changes ? tls.Now : null };
        if (user is not { } found)
        {
            return config;
        }

        // 2. A token: from a file, as it stands, or by a command.
        config = config with { Impersonation = Impersonation(found.Node) };
        if (Text(found.Node, "tokenFile") is { Length: > 0 } path)
        {
            var file = new TokenFile(Path.GetFullPath(path, found.Directory), time);
            return config with { TokenSource = file.ReadAsync, CredentialRefused = file.Refuse };
        }

        if (Text(found.Node, "token") is { Length: > 0 } token)
        {
            return config with { BearerToken = token };
        }

        if (Child(found.Node, "exec") is YamlMappingNode exec)
        {
            var made = new ExecCredential(Exec(exec, found.Directory, cluster, ca), tls.Now, time);
            return config with { TokenSource = made.TokenAsync, CredentialRefused = made.Refuse, TlsSource = made.Tls };
        }

        // 3. What would be passed over in silence, so that every request is refused and nobody knows why.
        return Child(found.Node, "auth-provider") is YamlMappingNode provider
            ? throw new InvalidDataException($"kubeconfig: the auth-provider '{Text(provider, "name")}' is not supported: name a credential command by exec")
            : Text(found.Node, "username") is { Length: > 0 }
                ? throw new InvalidDataException("kubeconfig: username and password are not supported: no Kubernetes since 1.19 takes them")
                : config;
    }

    private static ExecCommand Exec(YamlMappingNode exec, string directory, YamlMappingNode cluster, PemSource? ca)
    {
        string command = Text(exec, "command") is { Length: > 0 } said ? said : throw new InvalidDataException("kubeconfig: exec without command");
        string apiVersion = Text(exec, "apiVersion") ?? "";
        if (apiVersion is not (ClientAuthentication + "/v1" or ClientAuthentication + "/v1beta1"))
        {
            throw new InvalidDataException($"kubeconfig: exec: apiVersion '{apiVersion}' is not supported: want {ClientAuthentication}/v1 or {ClientAuthentication}/v1beta1");
        }

        if (Text(exec, "interactiveMode") == "Always")
        {
            throw new InvalidDataException($"kubeconfig: exec: '{command}' wants somebody at a terminal (interactiveMode Always), and there is nobody");
        }

        // A bare name is looked up on PATH; anything with a separator is relative to the file (client-go).
        string resolved = command.Contains('/', StringComparison.Ordinal) ? Path.GetFullPath(command, directory) : command;
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (YamlMappingNode item in Children(exec, "env").OfType<YamlMappingNode>())
        {
            environment[Text(item, "name") ?? ""] = Text(item, "value") ?? "";
        }

        return new ExecCommand(
            resolved, [.. Children(exec, "args").Select(a => ((YamlScalarNode)a).Value ?? "")], environment, apiVersion,
            Text(exec, "provideClusterInfo") == "true" ? ClusterInfo(cluster, ca) : null, Text(exec, "installHint"));
    }

    /// <summary>What a command is told of the cluster that it makes a credential for (client.authentication.k8s.io Cluster).</summary>
    private static JsonObject ClusterInfo(YamlMappingNode cluster, PemSource? ca)
    {
        var told = new JsonObject { ["server"] = Text(cluster, "server") };
        foreach (string member in (ReadOnlySpan<string>)["tls-server-name", "proxy-url"])
        {
            if (Text(cluster, member) is { Length: > 0 } value)
            {
                told[member] = value;
            }
        }

        if (Text(cluster, "insecure-skip-tls-verify") == "true")
        {
            told["insecure-skip-tls-verify"] = true;
        }

        if (ca is not null)
        {
            told["certificate-authority-data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(ca.Read()));
        }

        YamlMappingNode? extension = Children(cluster, "extensions").OfType<YamlMappingNode>().FirstOrDefault(e => Text(e, "name") == ClientAuthentication + "/exec");
        if (extension is not null && Child(extension, "extension") is { } settings)
        {
            told["config"] = Json(settings);
        }

        return told;
    }

    /// <summary>Passed over, requests would be made with more rights than the file means.</summary>
    private static IReadOnlyList<KeyValuePair<string, string>> Impersonation(YamlMappingNode user)
    {
        var headers = new List<KeyValuePair<string, string>>();
        void Add(string name, string? value)
        {
            if (value is { Length: > 0 })
            {
                headers.Add(new KeyValuePair<string, string>(name, value));
            }
        }

        Add("Impersonate-User", Text(user, "as"));
        Add("Impersonate-Uid", Text(user, "as-uid"));
        foreach (YamlNode group in Children(user, "as-groups"))
        {
            Add("Impersonate-Group", (group as YamlScalarNode)?.Value);
        }

        if (Child(user, "as-user-extra") is YamlMappingNode extra)
        {
            foreach ((YamlNode name, YamlNode values) in extra.Children)
            {
                foreach (YamlNode value in values is YamlSequenceNode many ? many.Children : [])
                {
                    Add($"Impersonate-Extra-{Uri.EscapeDataString(((YamlScalarNode)name).Value ?? "")}", (value as YamlScalarNode)?.Value);
                }
            }
        }

        return headers.Count == 0 || headers[0].Key == "Impersonate-User"
            ? headers
            : throw new InvalidDataException("kubeconfig: as-uid, as-groups and as-user-extra mean nothing without as");
    }

    private static IEnumerable<YamlNode> Children(YamlMappingNode node, string name) => Child(node, name) is YamlSequenceNode items ? items : [];

    private static JsonNode? Json(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(m => KeyValuePair.Create(((YamlScalarNode)m.Key).Value ?? "", Json(m.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Select(Json)]),
        YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain, Value: "true" or "false" } flag => flag.Value == "true",
        YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain, Value: "null" or "~" or "" } => null,
        YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain } number when long.TryParse(number.Value, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out long value) => value,
        YamlScalarNode text => text.Value,
        _ => null,
    };
}
