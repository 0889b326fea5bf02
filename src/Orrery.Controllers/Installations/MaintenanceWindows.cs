using System.Globalization;
using System.Text.Json;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Installations;

/// <summary>When alone what an installation consists of may be changed. Pure.</summary>
/// <param name="Of">Whose windows they are, such as <c>Tenant acme</c>.</param>
/// <param name="Json">As they are written there.</param>
internal sealed record MaintenanceWindows(string Of, JsonElement Json)
{
    /// <summary>Where they stand, in <c>spec</c> or in a channel.</summary>
    public const string Field = "maintenanceWindows";

    /// <summary>
    /// Those of the first that says any: the installation itself, its tenant, the tenant's class, the channel that it follows, its application. A list of none is one, too: any time.
    /// </summary>
    /// <returns>Null when none of them says any.</returns>
    public static MaintenanceWindows? Find(KubeObject installation, KubeObject? tenant, KubeObject? tenantClass, KubeObject? application)
    {
        foreach ((string kind, KubeObject? said) in ((string, KubeObject?)[])[("Installation", installation), ("Tenant", tenant), ("TenantClass", tenantClass)])
        {
            if (said?.At("spec", Field) is { ValueKind: JsonValueKind.Array } own)
            {
                return new MaintenanceWindows($"{kind} {said.Name}", own);
            }
        }

        string? channel = installation.TextAt("spec", "channel");
        JsonElement? followed = channel is not null && application?.At("spec", "channels") is { ValueKind: JsonValueKind.Array } channels
            ? channels.EnumerateArray().Select(c => new KubeObject(c)).FirstOrDefault(c => c.TextAt("name") == channel)?.At(Field)
            : null;
        return followed is { ValueKind: JsonValueKind.Array } ofChannel ? new MaintenanceWindows($"channel {channel} of Application {application!.Name}", ofChannel)
            : application?.At("spec", Field) is { ValueKind: JsonValueKind.Array } ofAll ? new MaintenanceWindows($"Application {application.Name}", ofAll)
            : null;
    }

    /// <summary>Why nothing may be changed now; null when it may be.</summary>
    public WindowHold? HoldAt(KubeObject installation, DateTimeOffset now)
    {
        if (Json.GetArrayLength() == 0)
        {
            return null;
        }

        // 1. Somebody has opened it for a while.
        string note = "";
        if (installation.Annotations.GetValueOrDefault(OrreryNames.OpenUntilAnnotation) is { } until)
        {
            if (!DateTimeOffset.TryParse(until, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset end))
            {
                note = $"; annotation {OrreryNames.OpenUntilAnnotation} is no time: {until}";
            }
            else if (now < end)
            {
                return null;
            }
        }

        // 2. The windows. One that cannot be read is never open.
        DateTimeOffset? next = null;
        foreach (KubeObject json in Json.EnumerateArray().Select(w => new KubeObject(w)))
        {
            if (MaintenanceWindow.Read(json) is not { } window)
            {
                note += $"; one of them cannot be told: {json.TextAt("start")} in {json.TextAt("timeZone") ?? "UTC"}, of which this control plane knows no time zone";
                continue;
            }

            if (window.Next(now) is not { } opens)
            {
                return null;
            }

            next = next < opens ? next : opens;
        }

        return new WindowHold(next, (next is { } at ? $"the maintenance window of {Of} opens {Conditions.Time(at)}" : $"no maintenance window of {Of} ever opens") + note);
    }
}

/// <summary>Nothing may be changed now.</summary>
/// <param name="Opens">When it may be; null when that is not known.</param>
/// <param name="Message">For people: whose window opens when.</param>
internal sealed record WindowHold(DateTimeOffset? Opens, string Message)
{
    /// <summary>Reason of a data plane in which a change waits for its window.</summary>
    public const string Reason = "OutsideMaintenanceWindow";
}
