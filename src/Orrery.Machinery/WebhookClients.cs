using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery;

/// <summary>Where a webhook is called: a URL or a Service (apiserver <c>pkg/util/webhook/validation.go</c>).</summary>
internal static class WebhookClients
{
    private const string Form = "; desired format: https://host[/path]";

    /// <summary>What is wrong, in upstream's order.</summary>
    public static IReadOnlyList<FieldError> Check(JsonObject config, string path)
    {
        var faults = new List<FieldError>();
        if (config["url"] is null == config["service"] is null)
        {
            faults.Add(FieldError.Required(path, "exactly one of url or service is required"));
        }
        else if (config["url"] is { } url)
        {
            Url(Text(url), path + ".url", faults);
        }
        else
        {
            Service(config["service"] as JsonObject ?? [], path + ".service", faults);
        }

        return faults;
    }

    private static string Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : "";

    private static void Url(string text, string path, List<FieldError> faults)
    {
        if (GoUrl.ParseAny(text, out string fault) is not { } url)
        {
            faults.Add(FieldError.Required(path, $"url must be a valid URL: {fault}{Form}"));
            return;
        }

        if (url.Scheme != "https")
        {
            faults.Add(FieldError.Invalid(path, url.Scheme, "'https' is the only allowed URL scheme" + Form));
        }

        if (url.Host.Length == 0)
        {
            faults.Add(FieldError.Invalid(path, url.Host, "host must be specified" + Form));
        }

        if (url.User is { } user)
        {
            faults.Add(FieldError.Invalid(path, user, "user information is not permitted in the URL"));
        }

        if (url.Fragment.Length > 0)
        {
            faults.Add(FieldError.Invalid(path, url.Fragment, "fragments are not permitted in the URL"));
        }

        if (url.RawQuery.Length > 0)
        {
            faults.Add(FieldError.Invalid(path, url.RawQuery, "query parameters are not permitted in the URL"));
        }
    }

    private static void Service(JsonObject service, string path, List<FieldError> faults)
    {
        if (Text(service["name"]).Length == 0)
        {
            faults.Add(FieldError.Required(path + ".name"));
        }

        if (Text(service["namespace"]).Length == 0)
        {
            faults.Add(FieldError.Required(path + ".namespace"));
        }

        if (service["port"] is JsonValue given && given.TryGetValue(out long port) && Names.CheckPortNumber(port) is { Count: > 0 } why)
        {
            faults.Add(FieldError.Invalid(path + ".port", port, "port is not valid: " + string.Join(", ", why)));
        }

        if (service["path"] is { } urlPath)
        {
            Path(Text(urlPath), path + ".path", faults);
        }
    }

    private static void Path(string urlPath, string path, List<FieldError> faults)
    {
        if (urlPath is "/" or "")
        {
            return;
        }

        if (urlPath == "//")
        {
            faults.Add(FieldError.Invalid(path, urlPath, "segment[0] may not be empty"));
            return;
        }

        if (!urlPath.StartsWith('/'))
        {
            faults.Add(FieldError.Invalid(path, urlPath, "must start with a '/'"));
        }

        // The first character is taken for the slash that should be there.
        string local = urlPath[1..];
        string[] steps = (local.EndsWith('/') ? local[..^1] : local).Split('/');
        for (int i = 0; i < steps.Length; i++)
        {
            if (steps[i].Length == 0)
            {
                faults.Add(FieldError.Invalid(path, urlPath, $"segment[{i}] may not be empty"));
            }
            else
            {
                foreach (string why in Names.CheckDns1123Subdomain(steps[i]))
                {
                    faults.Add(FieldError.Invalid(path, urlPath, $"segment[{i}]: {why}"));
                }
            }
        }
    }
}
