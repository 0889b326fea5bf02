using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas.Definitions;

/// <summary>How objects of one version become those of another: <c>spec.conversion</c> of a CustomResourceDefinition.</summary>
internal static class DefinitionConversion
{
    private const string Path = "spec.conversion";

    private static readonly string[] ReviewVersions = ["v1", "v1beta1"];

    public static void Validate(JsonObject spec, List<FieldError> errors)
    {
        var conversion = spec["conversion"] as JsonObject;
        string strategy = conversion?.Text("strategy") ?? "None";
        if (strategy is not ("None" or "Webhook"))
        {
            errors.Add(FieldError.NotSupported($"{Path}.strategy", strategy, "None", "Webhook"));
        }

        var webhook = conversion?["webhook"] as JsonObject;
        if (strategy == "Webhook")
        {
            Client(webhook?["clientConfig"] as JsonObject, errors);
            Versions(webhook?["conversionReviewVersions"] as JsonArray, errors);
            return;
        }

        const string Unused = "should not be set when strategy is not set to Webhook";
        if (webhook?["clientConfig"] is not null)
        {
            errors.Add(FieldError.Forbidden($"{Path}.webhookClientConfig", Unused));
        }

        if (webhook?["conversionReviewVersions"] is JsonArray { Count: > 0 })
        {
            errors.Add(FieldError.Forbidden($"{Path}.conversionReviewVersions", Unused));
        }
    }

    /// <summary>What is wrong with the authorities that a conversion webhook's certificate is held against; null for nothing, and where none are named.</summary>
    public static FieldError? BundleFault(JsonObject spec)
    {
        if (spec.TextAt("conversion", "webhook", "clientConfig", "caBundle") is not { Length: > 0 } bundle)
        {
            return null;
        }

        string why;
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPem(Encoding.UTF8.GetString(Convert.FromBase64String(bundle)));
            bool isGood = authorities.Count > 0;
            foreach (X509Certificate2 authority in authorities)
            {
                authority.Dispose();
            }

            if (isGood)
            {
                return null;
            }

            why = "unable to parse bytes as PEM block";
        }
        catch (Exception fault) when (fault is CryptographicException or FormatException)
        {
            why = "failed to parse certificate";
        }

        return FieldError.Invalid($"{Path}.webhookClientConfig.caBundle", bundle, "unable to load root certificates: " + why);
    }

    private static void Client(JsonObject? client, List<FieldError> errors)
    {
        string path = $"{Path}.webhookClientConfig";
        if (client is null)
        {
            errors.Add(FieldError.Required(path, "required when strategy is set to Webhook"));
        }
        else
        {
            errors.AddRange(WebhookClients.Check(client, path));
        }
    }

    private static void Versions(JsonArray? versions, List<FieldError> errors)
    {
        const string Member = $"{Path}.conversionReviewVersions";
        if (versions is not { Count: > 0 })
        {
            errors.Add(FieldError.Required(Member));
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < versions.Count; i++)
        {
            string version = versions[i]?.ToString() ?? "";
            if (!seen.Add(version))
            {
                errors.Add(FieldError.Invalid(DefinitionValidation.At(Member, i), version, "duplicate version"));
                continue;
            }

            errors.AddRange(Names.CheckDns1035Label(version).Select(f => FieldError.Invalid(DefinitionValidation.At(Member, i), version, f)));
        }

        if (!ReviewVersions.Any(seen.Contains))
        {
            errors.Add(FieldError.Invalid(Member, versions.DeepClone(), $"must include at least one of {string.Join(", ", ReviewVersions)}"));
        }
    }
}
