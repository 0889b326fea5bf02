using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;
using static Orrery.Controllers.Tests.Road.InstallationFleet;

namespace Orrery.Controllers.Tests.Road;

/// <summary>What installations have to do with the releases and applications that they use.</summary>
public sealed class ReleaseRoadTests
{
    [Fact]
    public async Task ReleaseAndApplication_InUse_AreNotDeletedUntilNobodyUsesThem()
    {
        await using TestFleet fleet = await StartAsync("pa2-par");
        await ReleaseAsync(fleet, "shop-1", ConfigMap("settings", "one"));
        await ReleaseAsync(fleet, "shop-2", ConfigMap("settings", "two"));
        await InstallAsync(fleet, """{"application": "shop", "release": "shop-1", "placement": {"dataPlanes": ["pa2-par"]}}""");
        await PhaseAsync(fleet, "Running");

        // 1. Refused, with who uses it and what to do.
        await Eventually.TrueAsync(async () => await UsersAsync(OrreryResources.Releases, "shop-1") == "acme/shop" && await UsersAsync(OrreryResources.Applications, "shop") == "acme/shop", "who uses them is known");
        Assert.Equal(
            "releases.orrery.dev \"shop-1\" is forbidden: ValidatingAdmissionPolicy 'orrery-releases-in-use' with binding 'orrery-releases-in-use' denied request: "
            + "it is used by the installations acme/shop; give them another release first",
            (await RefusalAsync(OrreryResources.Releases, "shop-1")).Message);
        Assert.Contains("it is used by the installations acme/shop; delete them first", (await RefusalAsync(OrreryResources.Applications, "shop")).Message, StringComparison.Ordinal);

        // 2. Where nothing refuses (a cluster without such policies), it waits and says for whom.
        foreach (string guarded in (string[])["orrery-releases-in-use", "orrery-applications-in-use"])
        {
            await fleet.Root.DeleteAsync(CoreResources.ValidatingAdmissionPolicyBindings, "", guarded, null, default);
        }

        await Eventually.TrueAsync(async () =>
        {
            try
            {
                await fleet.Root.DeleteAsync(OrreryResources.Releases, "", "shop-1", null, default);
                return true;
            }
            catch (StatusException e) when (e.Reason == StatusReason.Forbidden)
            {
                return false;
            }
        }, "the deletion is taken", TimeSpan.FromSeconds(60));
        await fleet.ConditionAsync(OrreryResources.Releases, "", "shop-1", OrreryNames.InUseCondition, "True");
        KubeObject waiting = await fleet.Root.GetAsync(OrreryResources.Releases, "", "shop-1", default);
        Assert.Equal("it is deleted, and goes once these installations no longer use it: acme/shop", Conditions.Find(waiting, OrreryNames.InUseCondition)!.Message);
        Assert.Equal("Running", (await InstallationAsync(fleet)).TextAt("status", "phase"));

        // 3. It goes once it is neither wanted nor in force, and the application with the last installation.
        await SpecAsync(fleet, """{"release": "shop-2"}""");
        await InForceAsync(fleet, "shop-2");
        await Eventually.TrueAsync(async () => await fleet.Root.FindAsync(OrreryResources.Releases, "", "shop-1", default) is null, "the former release is gone", TimeSpan.FromSeconds(60));
        await fleet.Root.DeleteAsync(OrreryResources.Applications, "", "shop", null, default);
        await fleet.ConditionAsync(OrreryResources.Applications, "", "shop", OrreryNames.InUseCondition, "True");
        await fleet.Root.DeleteAsync(OrreryResources.Installations, "acme", "shop", null, default);
        await Eventually.TrueAsync(async () => await fleet.Root.FindAsync(OrreryResources.Applications, "", "shop", default) is null, "the application is gone", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(
            async () => await fleet.Root.GetAsync(OrreryResources.Releases, "", "shop-2", default) is var free && !free.Finalizers.Any() && free.At("status", "usedBy") is null, "nobody uses it", TimeSpan.FromSeconds(60));

        async Task<string> UsersAsync(GroupVersionResource resource, string name) =>
            (await fleet.Root.GetAsync(resource, "", name, default)).At("status", "usedBy") is { } users ? string.Join(',', users.EnumerateArray().Select(u => u.GetString())) : "";

        async Task<StatusException> RefusalAsync(GroupVersionResource resource, string name) =>
            await Assert.ThrowsAsync<StatusException>(() => fleet.Root.DeleteAsync(resource, "", name, null, default));
    }

    [Fact]
    public async Task Release_OnceMade_CannotBeChanged()
    {
        await using TestFleet fleet = await StartAsync();
        await ReleaseAsync(fleet, "shop-1", ConfigMap("settings", "one"));

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => fleet.Root.PatchAsync(
            OrreryResources.Releases, "", "shop-1", PatchKind.Merge, Json("""{"spec": {"version": "1.0.1"}}"""), default));
        Assert.Contains("a release cannot be changed", refused.Message, StringComparison.Ordinal);
    }
}
