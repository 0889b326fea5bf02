using Orrery.Api;
using Orrery.Machinery.Quotas;
using Orrery.Server.Admission.PodSecurity;
using Orrery.Server.Configuration;
using Orrery.Server.Webhooks;

namespace Orrery.Server.Admission;

/// <summary>
/// What admission plugins are told at the start: Kubernetes' AdmissionConfiguration (<c>apiserver.config.k8s.io</c>). Of the plugins here,
/// <c>PodSecurity</c>, <c>ResourceQuota</c> and those that ask webhooks can be told something; a configuration of another is refused, since nothing would follow it.
/// </summary>
public sealed class AdmissionConfiguration
{
    private const string Group = "apiserver.config.k8s.io", OlderGroup = "apiserver.k8s.io", MutatingPlugin = "MutatingAdmissionWebhook", ValidatingPlugin = "ValidatingAdmissionWebhook";

    private AdmissionConfiguration()
    {
    }

    /// <summary>Nobody said anything.</summary>
    public static AdmissionConfiguration None { get; } = new();

    internal PodSecurityConfiguration PodSecurity { get; private set; } = PodSecurityConfiguration.None;

    /// <summary>What may not be used, in any cluster, where no quota speaks of it.</summary>
    internal IReadOnlyList<LimitedResource> LimitedResources { get; private set; } = [];

    /// <summary>For webhooks of root that change objects.</summary>
    internal WebhookCredentials Mutating { get; private set; } = WebhookCredentials.None;

    /// <summary>For webhooks of root that judge objects.</summary>
    internal WebhookCredentials Validating { get; private set; } = WebhookCredentials.None;

    /// <param name="yaml">YAML or JSON.</param>
    /// <param name="read">The content of a file that it names.</param>
    /// <exception cref="FormatException">Names the field and what it may be.</exception>
    public static AdmissionConfiguration Parse(string yaml, Func<string, string> read)
    {
        ConfigurationFields fields = ConfigurationFields.Read(yaml);
        if (fields.Json.Kind != "AdmissionConfiguration" || fields.Json.ApiVersion is not (Group + "/v1" or OlderGroup + "/v1alpha1"))
        {
            throw new FormatException($"want kind AdmissionConfiguration of {Group}/v1");
        }

        fields.RequireOnly("apiVersion", "kind", "plugins");
        var made = new AdmissionConfiguration();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (ConfigurationFields plugin in fields.List("plugins"))
        {
            plugin.RequireOnly("name", "path", "configuration");
            string name = plugin.Required("name");
            if (!seen.Add(name))
            {
                throw new FormatException($"{plugin.Path("name")}: Duplicate value: \"{name}\"");
            }

            switch (name)
            {
                case "PodSecurity":
                    made.PodSecurity = ReadPodSecurity(plugin, read);
                    break;
                case "ResourceQuota":
                    made.LimitedResources = ReadLimited(plugin, read);
                    break;
                case MutatingPlugin:
                    made.Mutating = ReadCredentials(plugin, read);
                    break;
                case ValidatingPlugin:
                    made.Validating = ReadCredentials(plugin, read);
                    break;
                default:
                    throw new FormatException($"{plugin.Path("name")}: \"{name}\": only PodSecurity, ResourceQuota, {MutatingPlugin} and {ValidatingPlugin} can be configured here");
            }
        }

        return made;
    }

    private static PodSecurityConfiguration ReadPodSecurity(ConfigurationFields plugin, Func<string, string> read)
    {
        const string Kind = "PodSecurityConfiguration", In = "pod-security.admission.config.k8s.io";
        return Said(plugin, read, (Kind, In + "/v1"), (Kind, In + "/v1beta1"), (Kind, In + "/v1alpha1")) is { } said ? PodSecurityConfiguration.Read(said) : PodSecurityConfiguration.None;
    }

    private static IReadOnlyList<LimitedResource> ReadLimited(ConfigurationFields plugin, Func<string, string> read)
    {
        const string Kind = "Configuration", In = "resourcequota.admission.k8s.io";
        if (Said(plugin, read, ("ResourceQuotaConfiguration", Group + "/v1"), (Kind, In + "/v1beta1"), (Kind, In + "/v1alpha1")) is not { } said)
        {
            return [];
        }

        said.RequireOnly("apiVersion", "kind", "limitedResources");
        return [.. said.List("limitedResources").Select(entry =>
        {
            entry.RequireOnly("apiGroup", "resource", "matchContains", "matchScopes");
            return new LimitedResource(new GroupResource(entry.Text("apiGroup") ?? "", entry.Required("resource")), entry.Texts("matchContains"), [.. entry.List("matchScopes").Select(ReadScope)]);
        })];
    }

    private static QuotaScope ReadScope(ConfigurationFields scope)
    {
        scope.RequireOnly("scopeName", "operator", "values");
        return new QuotaScope(scope.Required("scopeName"), scope.Required("operator"), scope.Texts("values"));
    }

    private static WebhookCredentials ReadCredentials(ConfigurationFields plugin, Func<string, string> read)
    {
        if (Said(plugin, read, ("WebhookAdmissionConfiguration", Group + "/v1"), ("WebhookAdmission", Group + "/v1alpha1")) is not { } said)
        {
            return WebhookCredentials.None;
        }

        said.RequireOnly("apiVersion", "kind", "kubeConfigFile");
        if (said.Text("kubeConfigFile") is not { Length: > 0 } file)
        {
            return WebhookCredentials.None;
        }

        if (!Path.IsPathRooted(file))
        {
            throw new FormatException($"{said.Path("kubeConfigFile")}: Invalid value: \"{file}\": must be an absolute file path");
        }

        try
        {
            return WebhookCredentials.Parse(read(file), Path.GetDirectoryName(file)!, read);
        }
        catch (FormatException fault)
        {
            throw new FormatException($"{file}: {fault.Message}", fault);
        }
    }

    /// <summary>As upstream: what stands inside counts, else what the path names.</summary>
    private static ConfigurationFields? Said(ConfigurationFields plugin, Func<string, string> read, params (string Kind, string ApiVersion)[] forms)
    {
        ConfigurationFields? said = plugin.Child("configuration") ?? (plugin.Text("path") is { Length: > 0 } path ? ConfigurationFields.Read(read(path)) : null);
        return said is not { } found || forms.Any(f => found.Text("kind") == f.Kind && found.Text("apiVersion") == f.ApiVersion)
            ? said
            : throw new FormatException($"{(found.At.Length > 0 ? found.At + ": " : "")}want kind {forms[0].Kind} of {forms[0].ApiVersion}");
    }
}
