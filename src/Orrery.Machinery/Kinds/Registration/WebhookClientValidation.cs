using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Registration;

/// <summary>Where a webhook is called: a URL or a Service (apiserver <c>pkg/util/webhook/validation.go</c>).</summary>
internal static class WebhookClientValidation
{
    private const string Form = "; desired format: https://host[/path]";

    public static void Validate(JsonObject config, string path, Faults faults)
    {
        if (config.Has("url") == config.Has("service"))
        {
            faults.Required(path, "exactly one of url or service is required");
        }
        else if (config.Has("url"))
        {
            Url(config.Text("url"), path + ".url", faults);
        }
        else
        {
            Service(config.ObjectAt("service"), path + ".service", faults);
        }
    }

    private static void Url(string text, string path, Faults faults)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? url))
        {
            if (text.Contains("://", StringComparison.Ordinal))
            {
                faults.Required(path, $"url must be a valid URL: parse \"{text}\": invalid URI for request{Form}");
            }
            else
            {
                faults.Invalid(path, "", "'https' is the only allowed URL scheme" + Form);
                faults.Invalid(path, "", "host must be specified" + Form);
            }

            return;
        }

        if (url.Scheme != "https")
        {
            faults.Invalid(path, url.Scheme, "'https' is the only allowed URL scheme" + Form);
        }

        if (url.Host.Length == 0)
        {
            faults.Invalid(path, url.Host, "host must be specified" + Form);
        }

        if (url.UserInfo.Length > 0)
        {
            faults.Invalid(path, url.UserInfo, "user information is not permitted in the URL");
        }

        if (url.Fragment.Length > 0)
        {
            faults.Invalid(path, url.Fragment.TrimStart('#'), "fragments are not permitted in the URL");
        }

        if (url.Query.Length > 0)
        {
            faults.Invalid(path, url.Query.TrimStart('?'), "query parameters are not permitted in the URL");
        }
    }

    private static void Service(JsonObject service, string path, Faults faults)
    {
        if (service.Text("name").Length == 0)
        {
            faults.Required(path + ".name", "service name is required");
        }

        if (service.Text("namespace").Length == 0)
        {
            faults.Required(path + ".namespace", "service namespace is required");
        }

        if (service.Number("port") is { } port && Names.CheckPortNumber(port) is { Count: > 0 } why)
        {
            faults.Invalid(path + ".port", port, "port is not valid: " + string.Join(',', why));
        }

        if (service.Has("path"))
        {
            Path(service.Text("path"), path + ".path", faults);
        }
    }

    private static void Path(string urlPath, string path, Faults faults)
    {
        if (urlPath is "/" or "")
        {
            return;
        }

        if (urlPath == "//")
        {
            faults.Invalid(path, urlPath, "segment[0] may not be empty");
            return;
        }

        if (!urlPath.StartsWith('/'))
        {
            faults.Invalid(path, urlPath, "must start with a '/'");
        }

        string trimmed = urlPath.EndsWith('/') ? urlPath[..^1] : urlPath;
        string[] steps = (trimmed.StartsWith('/') ? trimmed[1..] : trimmed).Split('/');
        for (int i = 0; i < steps.Length; i++)
        {
            if (steps[i].Length == 0)
            {
                faults.Invalid(path, urlPath, $"segment[{i}] may not be empty");
            }
            else
            {
                foreach (string why in Names.CheckDns1123Subdomain(steps[i]))
                {
                    faults.Invalid(path, urlPath, $"segment[{i}]: {why}");
                }
            }
        }
    }
}
