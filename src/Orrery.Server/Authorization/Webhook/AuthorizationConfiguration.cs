using Orrery.Api;
using Orrery.Machinery.Access;
using Orrery.Server.Configuration;

namespace Orrery.Server.Authorization.Webhook;

/// <summary>
/// Who decides, in order: Kubernetes' AuthorizationConfiguration (<c>apiserver.config.k8s.io</c>, v1 and its betas), or the same said by flags. Rules of
/// apiserver <c>pkg/apis/apiserver/validation</c>. There is always one before all of them: <c>system:masters</c> may do everything.
/// </summary>
public sealed class AuthorizationConfiguration
{
    private const int MostConditions = 64;
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromSeconds(30);

    private AuthorizationConfiguration(IReadOnlyList<ConfiguredAuthorizer> authorizers) => Authorizers = authorizers;

    internal IReadOnlyList<ConfiguredAuthorizer> Authorizers { get; }

    /// <summary>Whether requests that show no credential can be let in: where everything is allowed they are not.</summary>
    public bool AllowsEverything => Authorizers.Any(a => a.Type == "AlwaysAllow");

    /// <param name="yaml">YAML or JSON.</param>
    /// <param name="connect">Reads the kubeconfig at a path: how a webhook is reached.</param>
    /// <exception cref="FormatException">Names the field and what it may be.</exception>
    public static AuthorizationConfiguration Parse(string yaml, Func<string, WebhookConnection> connect)
    {
        var fields = ConfigurationFields.Parse(yaml, "apiserver.config.k8s.io", "AuthorizationConfiguration", "v1", "v1beta1", "v1alpha1");
        fields.RequireOnly("apiVersion", "kind", "authorizers");
        IReadOnlyList<ConfigurationFields> entries = fields.List("authorizers");
        if (entries.Count == 0)
        {
            throw new FormatException("authorizers: Required value: at least one authorization mode must be defined");
        }

        var authorizers = new List<ConfiguredAuthorizer>();
        foreach (ConfigurationFields entry in entries)
        {
            entry.RequireOnly("type", "name", "webhook");
            string type = entry.Required("type"), name = entry.Required("name");
            if (type is not ("AlwaysAllow" or "AlwaysDeny" or "Node" or "RBAC" or "Webhook"))
            {
                throw new FormatException($"{entry.Path("type")}: Unsupported value: \"{type}\": supported values: \"AlwaysAllow\", \"AlwaysDeny\", \"Node\", \"RBAC\", \"Webhook\"");
            }

            if (type != "Webhook" && authorizers.Any(a => a.Type == type))
            {
                throw new FormatException($"{entry.Path("type")}: Duplicate value: \"{type}\"");
            }

            if (authorizers.Any(a => a.Name == name))
            {
                throw new FormatException($"{entry.Path("name")}: Duplicate value: \"{name}\"");
            }

            if (Names.CheckDns1123Subdomain(name) is { Count: > 0 } wrong)
            {
                throw new FormatException($"{entry.Path("name")}: Invalid value: \"{name}\": authorizer name is invalid: {string.Join(", ", wrong)}");
            }

            authorizers.Add(type == "Webhook"
                ? new ConfiguredAuthorizer(type, name, Webhook(entry.Child("webhook") ?? throw new FormatException($"{entry.Path("webhook")}: Required value: required when type=Webhook"), name, connect))
                : entry.Child("webhook") is null ? new ConfiguredAuthorizer(type, name, null)
                : throw new FormatException($"{entry.Path("webhook")}: Invalid value: \"non-null\": may only be specified when type=Webhook"));
        }

        return new AuthorizationConfiguration(authorizers);
    }

    /// <summary>What <c>--authorization-mode</c> and the flags beside it say.</summary>
    /// <param name="modes">RBAC, Node, AlwaysAllow, AlwaysDeny or Webhook.</param>
    /// <param name="webhook">Stands where the modes name it; null where they do not.</param>
    public static AuthorizationConfiguration Of(IReadOnlyList<string> modes, AuthorizationWebhook? webhook) =>
        new([.. modes.Select(mode => new ConfiguredAuthorizer(mode, mode.ToLowerInvariant(), mode == "Webhook" ? webhook : null))]);

    private static AuthorizationWebhook Webhook(ConfigurationFields fields, string name, Func<string, WebhookConnection> connect)
    {
        fields.RequireOnly(
            "authorizedTTL", "cacheAuthorizedRequests", "unauthorizedTTL", "cacheUnauthorizedRequests", "timeout", "subjectAccessReviewVersion", "matchConditionSubjectAccessReviewVersion",
            "failurePolicy", "connectionInfo", "matchConditions");
        ConfigurationFields info = fields.RequiredChild("connectionInfo");
        info.RequireOnly("type", "kubeConfigFile");
        TimeSpan timeout = Duration(fields, "timeout") ?? throw new FormatException($"{fields.Path("timeout")}: Required value");
        if (timeout > LongestTimeout || timeout <= TimeSpan.Zero)
        {
            throw new FormatException($"{fields.Path("timeout")}: Invalid value: \"{fields.Text("timeout")}\": must be > 0s and <= 30s");
        }

        return new AuthorizationWebhook
        {
            Name = name,
            Timeout = timeout,
            AllowedFor = fields.Flag("cacheAuthorizedRequests") == false ? TimeSpan.Zero : Lifetime(fields, "authorizedTTL", AuthorizationWebhook.UsualAllowedFor),
            RefusedFor = fields.Flag("cacheUnauthorizedRequests") == false ? TimeSpan.Zero : Lifetime(fields, "unauthorizedTTL", AuthorizationWebhook.UsualRefusedFor),
            ReviewVersion = OneOf(fields, "subjectAccessReviewVersion", "v1", "v1beta1"),
            DeniesOnFailure = OneOf(fields, "failurePolicy", "NoOpinion", "Deny") == "Deny",
            Conditions = Conditions(fields),
            Connection = Connection(info, connect),
        };
    }

    private static WebhookConnection Connection(ConfigurationFields info, Func<string, WebhookConnection> connect)
    {
        string type = info.Required("type");
        if (type != "KubeConfigFile")
        {
            throw new FormatException(type == "InClusterConfig"
                ? $"{info.Path("type")}: \"{type}\": this server does not run in a cluster of its own, use KubeConfigFile"
                : $"{info.Path("type")}: Unsupported value: \"{type}\": supported values: \"InClusterConfig\", \"KubeConfigFile\"");
        }

        string file = info.Required("kubeConfigFile");
        if (!Path.IsPathFullyQualified(file))
        {
            throw new FormatException($"{info.Path("kubeConfigFile")}: Invalid value: \"{file}\": must be an absolute path");
        }

        try
        {
            return connect(file);
        }
        catch (Exception fault) when (fault is InvalidDataException or IOException or UnauthorizedAccessException or FormatException or System.Security.Cryptography.CryptographicException)
        {
            throw new FormatException($"{info.Path("kubeConfigFile")}: Invalid value: \"{file}\": error loading file: {fault.Message}", fault);
        }
    }

    private static ReviewConditions Conditions(ConfigurationFields fields)
    {
        IReadOnlyList<ConfigurationFields> list = fields.List("matchConditions");
        if (list.Count > MostConditions)
        {
            throw new FormatException($"{fields.Path("matchConditions")}: Too many: {list.Count}: must have at most {MostConditions} items");
        }

        if (list.Count > 0 || fields.Text("matchConditionSubjectAccessReviewVersion") is { Length: > 0 })
        {
            OneOf(fields, "matchConditionSubjectAccessReviewVersion", "v1");
        }

        var sources = new List<string>();
        foreach (ConfigurationFields condition in list)
        {
            condition.RequireOnly("expression");
            string source = condition.Required("expression");
            sources.Add(!sources.Contains(source, StringComparer.Ordinal) ? source : throw new FormatException($"{condition.Path("expression")}: Duplicate value: \"{source}\""));
        }

        ReviewConditions conditions = ReviewConditions.Compile(sources, out (int Index, string Why)? fault);
        return fault is null ? conditions : throw new FormatException($"{list[fault.Value.Index].Path("expression")}: Invalid value: \"{sources[fault.Value.Index]}\": {fault.Value.Why}");
    }

    private static string OneOf(ConfigurationFields fields, string name, params string[] known)
    {
        string value = fields.Required(name);
        return known.Contains(value) ? value : throw new FormatException($"{fields.Path(name)}: Unsupported value: \"{value}\": supported values: {string.Join(", ", known.Select(k => $"\"{k}\""))}");
    }

    private static TimeSpan Lifetime(ConfigurationFields fields, string name, TimeSpan standard) =>
        Duration(fields, name) is not { } said || said == TimeSpan.Zero ? standard : said;

    private static TimeSpan? Duration(ConfigurationFields fields, string name) => fields.Text(name) is not { Length: > 0 } text ? null
        : GoDuration.Parse(text) ?? throw new FormatException($"{fields.Path(name)}: Invalid value: \"{text}\": want a duration such as 3s or 5m");
}

/// <summary>A file that holds an <see cref="AuthorizationConfiguration"/>.</summary>
/// <param name="Connect">Reads the kubeconfigs that it names.</param>
public sealed record FollowedAuthorizers(string Path, Func<string, WebhookConnection> Connect);

/// <summary>One of those who decide.</summary>
/// <param name="Webhook">Of the type Webhook; null for any other.</param>
internal sealed record ConfiguredAuthorizer(string Type, string Name, AuthorizationWebhook? Webhook);
