using System.CommandLine;
using Orrery.Serving;

namespace Orrery.Commands;

/// <summary>Options of <c>orrery serve</c> about access: named as kube-apiserver's flags, so that what people know holds here.</summary>
internal sealed class AccessOptions
{
    private readonly Dictionary<string, Option<string>> texts = new[]
    {
        Text("audit-policy-file", "Record requests as this policy (audit.k8s.io/v1) says.", "FILE"),
        Text("audit-log-path", "Where they are recorded, one JSON object a line; '-' is standard output.", "FILE"),
        Text("encryption-provider-config", "Store what this EncryptionConfiguration names encrypted, by its first key.", "FILE"),
        Text("admission-control-config-file", "Tell admission plugins what this AdmissionConfiguration says: PodSecurity its defaults and exemptions, ResourceQuota what wants a quota, webhooks of root what is shown to them.", "FILE"),
        Text("requestheader-client-ca-file", "Take users of root from headers of a proxy whose client certificate these authorities have issued.", "FILE"),
        Text("requestheader-allowed-names", "Common names that such a certificate may have, separated by commas. Default: any.", "NAMES"),
        Text("requestheader-username-headers", "Headers in which the proxy names the user, separated by commas; X-Remote-User is usual.", "HEADERS"),
        Text("requestheader-uid-headers", "Headers in which it names the user's uid; X-Remote-Uid must be one.", "HEADERS"),
        Text("requestheader-group-headers", "Headers in which it names the user's groups; X-Remote-Group is usual.", "HEADERS"),
        Text("requestheader-extra-headers-prefix", "What headers of the user's extra fields begin with; X-Remote-Extra- is usual.", "PREFIXES"),
        Text("authentication-config", "Accept the tokens of the providers that this AuthenticationConfiguration names on root; followed as it changes.", "FILE"),
        Text("oidc-issuer-url", "Accept ID tokens of this OpenID provider on root.", "URL"),
        Text("oidc-client-id", "Client that ID tokens must be meant for.", "ID"),
        Text("oidc-username-claim", "Claim that names the user. Default: sub.", "CLAIM"),
        Text("oidc-username-prefix", "What is put before it; '-' for nothing. Default: the issuer and '#', but nothing before an email.", "TEXT"),
        Text("oidc-groups-claim", "Claim that lists the user's groups.", "CLAIM"),
        Text("oidc-groups-prefix", "What is put before each of them.", "TEXT"),
        Text("oidc-required-claim", "Claims that an ID token must hold, separated by commas.", "NAME=VALUE"),
        Text("oidc-signing-algs", "Algorithms that ID tokens may be signed by, separated by commas. Default: RS256.", "ALG"),
        Text("oidc-ca-file", "Authorities of the provider's certificate. Default: those of the system.", "FILE"),
    }.ToDictionary(o => o.Name[2..], StringComparer.Ordinal);

    private readonly Dictionary<string, Option<int>> numbers = new[]
    {
        Number("audit-log-maxsize", "MiB after which a new file is begun.", 100),
        Number("audit-log-maxage", "Days that former files are kept; 0 keeps all.", 0),
        Number("audit-log-maxbackup", "How many former files are kept; 0 keeps all.", 0),
    }.ToDictionary(o => o.Name[2..], StringComparer.Ordinal);

    public void AddTo(Command command)
    {
        foreach (Option option in texts.Values.Concat<Option>(numbers.Values))
        {
            command.Options.Add(option);
        }
    }

    /// <exception cref="CommandFailedException">What was said makes no sense.</exception>
    public AccessConfiguration Read(ParseResult parse)
    {
        string? Given(string name) => parse.GetValue(texts[name]) is { Length: > 0 } text ? text : null;
        return AccessConfiguration.Read(
            Given,
            name => (Given(name) ?? (name == "oidc-signing-algs" ? "RS256" : "")).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
            name => parse.GetValue(numbers[name]));
    }

    private static Option<string> Text(string name, string description, string value) => new("--" + name) { Description = description, HelpName = value };

    private static Option<int> Number(string name, string description, int standard) =>
        new("--" + name) { Description = description, HelpName = "N", DefaultValueFactory = _ => standard };
}
