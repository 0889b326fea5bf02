using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Registration;

/// <summary>Upstream <c>pkg/apis/certificates/validation</c> and <c>pkg/registry/certificates/certificates/strategy.go</c>.</summary>
internal sealed class CertificateSigningRequestRule : KindRule
{
    private const int MinSeconds = 600;

    private static readonly FrozenSet<string> Usages = FrozenSet.ToFrozenSet(
    [
        "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only", "digital signature",
        "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc",
        "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping",
    ]);

    public override bool HasStatus => true;

    public override IReadOnlyList<SelectableField>? Fields { get; } = SelectableField.Of("spec.signerName");

    public override void Default(JsonObject o) => o.ObjectAt("status");

    /// <summary>Whoever signs says nothing about approval.</summary>
    public override void PrepareForStatusUpdate(JsonObject o, JsonObject old) =>
        TakeConditions(o, [.. Conditions(old).Where(IsDecision), .. Conditions(o).Where(c => !IsDecision(c))]);

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
            faults.Required("spec.usages");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        string[] usages = [.. (spec["usages"] as JsonArray ?? []).OfType<JsonValue>().Select(v => v.TryGetValue(out string? text) ? text : "")];
        for (int i = 0; i < usages.Length; i++)
        {
            if (!Usages.Contains(usages[i]))
            {
                faults.Invalid($"spec.usages[{i}]", usages[i], "unknown usage");
            }
            else if (!seen.Add(usages[i]))
            {
                faults.Duplicate($"spec.usages[{i}]", usages[i]);
            }
        }

        ValidateSigner(spec.Text("signerName"), faults);
        if (spec["expirationSeconds"] is not null && spec.Number("expirationSeconds") < MinSeconds)
        {
            faults.Invalid("spec.expirationSeconds", spec.Number("expirationSeconds"), "may not specify a duration less than 600 seconds (10 minutes)");
        }

        ValidateConditions(o, faults);
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        faults.MayNotChange("spec", o["spec"], old["spec"]);
        ValidateConditions(o, faults);
    }

    public override void ValidateStatusUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        ValidateConditions(o, faults);
        string before = old.ObjectAt("status").Text("certificate"), after = o.ObjectAt("status").Text("certificate");
        if (before.Length > 0 && after != before)
        {
            faults.Forbidden("status.certificate", "updates may not set a value that differs from the existing one");
        }

        foreach (JsonObject decision in Conditions(old).Where(IsDecision))
        {
            if (!Conditions(o).Any(c => c.Text("type") == decision.Text("type")))
            {
                faults.Forbidden("status.conditions", $"updates may not remove a condition of type \"{decision.Text("type")}\"");
            }
        }
    }

    private static void ValidateRequest(string request, Faults faults)
    {
        if (request.Length == 0)
        {
            faults.Required("spec.request", "must contain a PEM encoded certificate request");
            return;
        }

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
        catch (Exception bad) when (bad is FormatException or CryptographicException or ArgumentException)
        {
            faults.Invalid("spec.request", request, "the certificate request cannot be read, or its signature is wrong");
        }
    }

    private static void ValidateSigner(string name, Faults faults)
    {
        if (name.Length == 0)
        {
            faults.Required("spec.signerName");
            return;
        }

        string[] parts = name.Split('/');
        if (parts.Length != 2 || parts[0].Split('.').Length < 2 || parts[1].Length == 0 || Names.CheckDns1123Subdomain(parts[0]).Count > 0)
        {
            faults.Invalid("spec.signerName", name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
        }
        else if (name.Length > 571)
        {
            faults.Invalid("spec.signerName", name, "may not be more than 571 bytes");
        }
    }

    private static void ValidateConditions(JsonObject o, Faults faults)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (JsonObject condition in Conditions(o))
        {
            string type = condition.Text("type"), at = $"status.conditions[{i++}]";
            if (type.Length == 0)
            {
                faults.Required($"{at}.type");
            }
            else if (!seen.Add(type))
            {
                faults.Duplicate($"{at}.type", type);
            }

            if (condition.Text("status") is { } status && type is "Approved" or "Denied" or "Failed" && status != "True")
            {
                faults.Invalid($"{at}.status", status, $"condition status must be True for {type} conditions");
            }
        }

        if (seen.Contains("Approved") && seen.Contains("Denied"))
        {
            faults.Invalid("status.conditions", "Denied", "Approved and Denied conditions are mutually exclusive");
        }
    }

    private static bool IsDecision(JsonObject condition) => condition.Text("type") is "Approved" or "Denied";

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
