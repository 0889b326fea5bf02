using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for how a pod resolves names: <c>dnsPolicy</c>, <c>dnsConfig</c> and <c>hostAliases</c>. The bounds are those of libc's resolver.</summary>
internal static partial class DnsValidation
{
    private const int MostServers = 3, MostSearches = 32, MostSearchCharacters = 2048;

    public static void Validate(JsonObject spec, string path, Faults faults)
    {
        JsonObject? config = spec.Child("dnsConfig");
        string at = path + ".dnsConfig";
        if (spec.Text("dnsPolicy") == "None")
        {
            if (config is null)
            {
                faults.Required(at, "must provide `dnsConfig` when `dnsPolicy` is None");
                return;
            }

            if (config.Count("nameservers") == 0)
            {
                faults.Required(at + ".nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None");
                return;
            }
        }

        if (config is not null)
        {
            ValidateConfig(config, at, faults);
        }
    }

    public static void ValidateAliases(JsonObject spec, string path, Faults faults)
    {
        int i = 0;
        foreach (JsonObject alias in spec.Items("hostAliases"))
        {
            string at = $"{path}[{i++}]";
            Addresses.ValidateIp(at + ".ip", alias.Text("ip"), faults);
            int h = 0;
            foreach (string name in alias.Texts("hostnames"))
            {
                faults.All($"{at}.hostnames[{h++}]", name, Names.CheckDns1123Subdomain(name));
            }
        }
    }

    private static void ValidateConfig(JsonObject config, string path, Faults faults)
    {
        if (config.Count("nameservers") > MostServers)
        {
            faults.Invalid(path + ".nameservers", config["nameservers"], $"must not have more than {MostServers} nameservers");
        }

        int i = 0;
        foreach (string server in config.Texts("nameservers"))
        {
            Addresses.ValidateIp($"{path}.nameservers[{i++}]", server, faults);
        }

        string[] searches = [.. config.Texts("searches")];
        if (searches.Length > MostSearches)
        {
            faults.Invalid(path + ".searches", config["searches"], $"must not have more than {MostSearches} search paths");
        }

        if (searches.Sum(s => s.Length) + searches.Length - 1 > MostSearchCharacters)
        {
            faults.Invalid(path + ".searches", config["searches"], $"must not have more than {MostSearchCharacters} characters (including spaces) in the search list");
        }

        for (i = 0; i < searches.Length; i++)
        {
            if (searches[i] != ".")
            {
                string search = searches[i].EndsWith('.') ? searches[i][..^1] : searches[i];
                faults.All($"{path}.searches[{i}]", search, CheckSearch(search));
            }
        }

        i = 0;
        foreach (JsonObject option in config.Items("options"))
        {
            if (option.Text("name").Length == 0)
            {
                faults.Required($"{path}.options[{i}]", "must not be empty");
            }

            i++;
        }
    }

    /// <summary>A subdomain that may hold underscores, as names of services in other systems do.</summary>
    private static IEnumerable<string> CheckSearch(string search)
    {
        if (search.Length > 253)
        {
            yield return "must be no more than 253 characters";
        }

        if (!Search().IsMatch(search))
        {
            yield return Names.Explain("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character", SearchFormat, "example.com");
        }
    }

    private const string SearchLabel = "[a-z0-9_]([-a-z0-9_]*[a-z0-9_])?";
    private const string SearchFormat = SearchLabel + @"(\." + SearchLabel + ")*";

    [GeneratedRegex(@"\A" + SearchFormat + @"\z")]
    private static partial Regex Search();
}
