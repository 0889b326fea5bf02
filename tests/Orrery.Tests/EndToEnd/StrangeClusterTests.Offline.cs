using System.Globalization;

namespace Orrery.Tests.EndToEnd;

/// <content>A control plane that cannot be reached, once for a while and then again and again.</content>
public sealed partial class StrangeClusterTests
{
    private const int Flaps = 12;

    [Fact]
    public async Task Offline_WhatWasWantedLastIsEnforced_AlsoByASatelliteThatStartsThen_AndOnReturnNothingIsListedThatIsKnown()
    {
        foreach (string name in (string[])["kept", "hacked", "deleted", "goes"])
        {
            await MakeAsync(name, "a");
        }

        await Eventually.HoldsAsync(() => IsSettledAsync("kept"), Limit);
        string kept = await VersionAsync("kept");
        double lists = await ListsAsync();

        // 1. Cut off: what runs is put back as ever, and what is wanted since does not come.
        strange.Network.IsDown = true;
        await HackAsync("hacked");
        await strange.Owner.RunAsync($"delete configmap deleted -n {StrangeCluster.Mapped}");
        await strange.Tenant.RunAsync("create configmap since --from-literal=key=new");
        await strange.Tenant.RunAsync("delete configmap goes");
        await Eventually.EqualsAsync("a", () => ValueAsync("hacked"), Limit);
        await Eventually.EqualsAsync("a", () => ValueAsync("deleted"), Limit);
        Assert.Equal("a", await ValueAsync("goes"));
        Assert.Equal("", await ValueAsync("since"));

        // 2. Back: what differs is brought about and told, by the watches that go on where they were.
        strange.Network.IsDown = false;
        await Eventually.EqualsAsync("new", () => ValueAsync("since"), Limit);
        await Eventually.EqualsAsync("", () => ValueAsync("goes"), Limit);
        await Eventually.ContainsAsync("it was changed by hand", () => strange.Tenant.RunAsync("get events --field-selector reason=DriftCorrected,involvedObject.name=hacked -o jsonpath={.items[*].message}"), Limit);

        // 3. Again and again, whatever it is doing then.
        for (int flap = 0; flap < Flaps; flap++)
        {
            int before = strange.Network.Connections;
            strange.Network.Cut();
            await strange.Tenant.RunAsync($"patch configmap since --type=merge -p {{\"data\":{{\"key\":\"flap-{flap}\"}}}}");
            await Eventually.HoldsAsync(() => Task.FromResult(strange.Network.Connections > before), Limit);
        }

        await Eventually.EqualsAsync($"flap-{Flaps - 1}", () => ValueAsync("since"), Limit);
        Assert.Equal(lists, await ListsAsync());
        Assert.Equal(kept, await VersionAsync("kept"));

        // 4. One that starts while nobody is there knows what was wanted by the copy that it keeps.
        strange.Network.IsDown = true;
        strange.StartAnew();
        await HackAsync("hacked");
        await strange.Owner.RunAsync($"delete configmap deleted -n {StrangeCluster.Mapped}");
        await Eventually.EqualsAsync("a", () => ValueAsync("hacked"), Limit);
        await Eventually.EqualsAsync("a", () => ValueAsync("deleted"), Limit);
        strange.Network.IsDown = false;
        await strange.Tenant.RunAsync("delete configmap since");
        await Eventually.EqualsAsync("", () => ValueAsync("since"), Limit);
        Assert.Equal(kept, await VersionAsync("kept"));
    }

    private async Task<bool> IsSettledAsync(string name) => await WorkAsync(
        name, w => string.Join(' ', (w["status"]?["conditions"]?.AsArray() ?? []).Where(c => (string?)c!["status"] == "True").Select(c => (string?)c!["type"]).Order(StringComparer.Ordinal))) == "Applied Available";

    /// <summary>Of the Work that stands for it: another where anything was reported of it.</summary>
    private Task<string> VersionAsync(string name) => WorkAsync(name, w => (string?)w["metadata"]!["resourceVersion"] ?? "");

    /// <summary>Lists of Orrery's own kinds, but for those of this class's tests: nobody but the satellite that is back has a reason to.</summary>
    private async Task<double> ListsAsync() =>
        (await strange.Root.RunAsync("get --raw /metrics")).Split('\n')
            .Where(l => l.StartsWith("apiserver_request_total{", StringComparison.Ordinal) && l.Contains("verb=\"LIST\"", StringComparison.Ordinal) && l.Contains("resource=\"custom\"", StringComparison.Ordinal))
            .Sum(l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture)) - ownLists;
}
