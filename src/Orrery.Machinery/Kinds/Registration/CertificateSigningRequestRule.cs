using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Registration;

/// <summary>Upstream <c>pkg/apis/certificates/validation</c> and <c>pkg/registry/certificates/certificates/strategy.go</c>.</summary>
internal sealed class CertificateSigningRequestRule : KindRule
{
    private const int MinSeconds = 600;

    /// <summary>What only an approver says.</summary>
    private static readonly string[] Decisions = ["Approved", "Denied"];

    /// <summary>What is true where it stands, and stays.</summary>
    private static readonly string[] Ends = ["Approved", "Denied", "Failed"];

    private static readonly string[] Usages =
    [
        "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only", "digital signature",
        "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc",
        "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping",
    ];

    public override bool HasStatus => true;

    public override IReadOnlyList<SelectableField>? Fields { get; } = SelectableField.Of("spec.signerName");

    /// <summary>Anything that can stand in a path.</summary>
    public override IReadOnlyList<string> CheckName(string name) => Names.CheckPathSegment(name);

    public override void Default(JsonObject o) => o.ObjectAt("status");

    /// <summary>What is asked for stays as it was asked for.</summary>
    public override void PrepareForUpdate(JsonObject o, JsonObject old) => o.CopyFrom(old, "spec");

    /// <summary>Whoever signs says nothing about approval: a decision keeps its reason and its time. One that comes or goes is refused below.</summary>
    public override void PrepareForStatusUpdate(JsonObject o, JsonObject old)
    {
        foreach (string decision in Decisions)
        {
            JsonObject[] before = Of(old, decision), now = Of(o, decision);
            for (int i = 0; before.Length == now.Length && i < now.Length; i++)
            {
                now[i].ReplaceWith(before[i].DeepClone());
            }
        }
    }

    /// <summary>Whoever approves changes conditions alone, though any of them.</summary>
    public override void PrepareForApproval(JsonObject o, JsonObject old)
    {
        JsonObject[] conditions = [.. Conditions(o)];
        o.CopyFrom(old, "status");
        TakeConditions(o, conditions);
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        ValidateRequest(spec.Text("request"), faults);
        if (spec.Count("usages") == 0)
        {
            faults.Required("spec.usages", "usages must be provided");
        }

        string[] usages = [.. (spec["usages"] as JsonArray ?? []).OfType<JsonValue>().Select(v => v.TryGetValue(out string? text) ? text : "")];
        for (int i = 0; i < usages.Length; i++)
        {
            faults.OneOf($"spec.usages[{i}]", usages[i], Usages);
        }

        for (int i = 0; i < usages.Length; i++)
        {
            if (usages.AsSpan(0, i).Contains(usages[i]))
            {
                faults.Duplicate($"spec.usages[{i}]", usages[i]);
            }
        }

        ValidateSigner(spec.Text("signerName"), faults);
        if (spec["expirationSeconds"] is not null && spec.Number("expirationSeconds") < MinSeconds)
        {
            faults.Invalid("spec.expirationSeconds", spec.Number("expirationSeconds"), "may not specify a duration less than 600 seconds (10 minutes)");
        }

        ValidateConditions(o, null, faults);
    }

    /// <summary>Neither what is asked for nor the status is changed by this.</summary>
    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
    }

    public override void ValidateApproval(JsonObject o, JsonObject old, Faults faults)
    {
        ValidateConditions(o, old, faults);
        ValidateKept(o, old, faults);
    }

    public override void ValidateStatusUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        ValidateConditions(o, old, faults);
        string before = old.ObjectAt("status").Text("certificate"), after = o.ObjectAt("status").Text("certificate");
        if (after != before && SignedCertificates.Fault(before) is null && SignedCertificates.Fault(after) is { } why)
        {
            faults.Invalid("status.certificate", "<certificate data>", why);
        }

        ValidateKept(o, old, faults);
        foreach (string decision in Decisions.Where(d => Of(o, d).Length > Of(old, d).Length))
        {
            faults.Forbidden("status.conditions", $"updates may not add a condition of type \"{decision}\"");
        }

        if (before.Length > 0 && after != before)
        {
            faults.Forbidden("status.certificate", "updates may not modify existing certificate content");
        }
    }

    private static void ValidateKept(JsonObject o, JsonObject old, Faults faults)
    {
        foreach (string type in Ends.Where(t => Of(o, t).Length < Of(old, t).Length))
        {
            faults.Forbidden("status.conditions", $"updates may not remove a condition of type \"{type}\"");
        }
    }

    private static void ValidateRequest(string request, Faults faults)
    {
        try
        {
            ReadOnlySpan<char> pem = Encoding.UTF8.GetString(Convert.FromBase64String(request));
            if (!PemEncoding.TryFind(pem, out PemFields fields) || pem[fields.Label] is not "CERTIFICATE REQUEST")
            {
                faults.Invalid("spec.request", request, "PEM block type must be CERTIFICATE REQUEST");
                return;
            }

            // Reads it and checks that whoever sent it holds the key.
            _ = System.Security.Cryptography.X509Certificates.CertificateRequest.LoadSigningRequestPem(pem, HashAlgorithmName.SHA256);
        }
        catch (NotSupportedException)
        {
            // The framework does not know every kind of key: Ed25519 is none of its.
            faults.Invalid("spec.request", request, "the signature of a key of this algorithm cannot be checked: use RSA or ECDSA");
        }
        catch (Exception bad) when (bad is FormatException or CryptographicException or ArgumentException)
        {
            faults.Invalid("spec.request", request, "the certificate request cannot be read, or its signature is wrong");
        }
    }

    private static void ValidateSigner(string name, Faults faults)
    {
        const string At = "spec.signerName", Legacy = "kubernetes.io/legacy-unknown";
        const int MaxDomain = 253, MaxName = 571;
        if (name == Legacy)
        {
            faults.Invalid(At, name, "the legacy signerName is not allowed via this API version");
            return;
        }

        if (name.Length == 0)
        {
            faults.Required(At, "signerName must be provided");
            return;
        }

        string[] parts = name.Split('/');
        if (parts.Length != 2)
        {
            faults.Invalid(At, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
            return;
        }

        string[] labels = parts[0].Split('.');
        if (parts[0].Length > MaxDomain)
        {
            faults.Add(FieldError.TooLong(At, MaxDomain));
        }

        Labels(parts[0], labels, Names.CheckDns1123Label, faults);
        if (labels.Length < 2)
        {
            faults.Invalid(At, parts[0], "should be a domain with at least two segments separated by dots");
        }

        Labels(parts[1], parts[1].Split('.'), Names.CheckDns1123Subdomain, faults);
        if (name.Length > MaxName)
        {
            faults.Add(FieldError.TooLong(At, MaxName));
        }

        // The first label that is wrong speaks for the others.
        static void Labels(string part, string[] labels, Func<string, IReadOnlyList<string>> check, Faults faults)
        {
            if (labels.FirstOrDefault(l => check(l).Count > 0) is { } wrong)
            {
                faults.All(At, part, check(wrong).Select(why => $"validating label \"{wrong}\": {why}"));
            }
        }
    }

    /// <param name="old">What is wrong there already is let pass.</param>
    private static void ValidateConditions(JsonObject o, JsonObject? old, Faults faults)
    {
        string[] before = old is null ? [] : [.. Conditions(old).Select(c => c.Text("type"))];
        bool mayBeEmpty = before.Contains(""), mayRepeat = before.Distinct().Count() < before.Length, mayBeBoth = Decisions.All(d => before.Contains(d));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (JsonObject condition in Conditions(o))
        {
            string type = condition.Text("type"), at = $"status.conditions[{i++}]";
            if (type.Length == 0 && !mayBeEmpty)
            {
                faults.Required($"{at}.type");
            }

            string[] statuses = Ends.Contains(type) ? ["True"] : ["False", "True", "Unknown"];
            faults.OneOfOrRequired($"{at}.status", condition.Text("status"), statuses);
            if (!mayBeBoth && Decisions.Contains(type) && Decisions.Any(d => d != type && seen.Contains(d)))
            {
                faults.Invalid($"{at}.type", type, "Approved and Denied conditions are mutually exclusive");
            }

            if (!seen.Add(type) && !mayRepeat)
            {
                faults.Duplicate($"{at}.type", type);
            }
        }
    }

    private static JsonObject[] Of(JsonObject o, string type) => [.. Conditions(o).Where(c => c.Text("type") == type)];

    private static IEnumerable<JsonObject> Conditions(JsonObject o) => (o["status"]?["conditions"] as JsonArray ?? []).OfType<JsonObject>();

    private static void TakeConditions(JsonObject o, JsonObject[] conditions)
    {
        JsonArray list = [.. conditions.Select(c => (JsonNode)c.DeepClone())];
        if (list.Count > 0)
        {
            o.ObjectAt("status")["conditions"] = list;
        }
        else
        {
            o.ObjectAt("status").Remove("conditions");
        }
    }
}
