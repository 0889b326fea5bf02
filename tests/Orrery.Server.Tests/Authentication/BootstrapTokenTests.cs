using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Tests.Security;

namespace Orrery.Server.Tests.Authentication;

/// <summary>Tokens by which new nodes introduce themselves.</summary>
public sealed class BootstrapTokenTests
{
    private const string Id = "abcdef", Secret = "0123456789abcdef", Token = Id + "." + Secret;

    [Fact]
    public async Task Authenticate_ItsSecretSays_IsABootstrapper()
    {
        await using AccessWorld world = await StartAsync();
        await PutAsync(world);
        UserInfo plain = await IdentifyAsync(world, Token);
        await PutAsync(world, data: [("auth-extra-groups", "system:bootstrappers:workers,system:bootstrappers:a:b-1,system:bootstrappers:workers"), ("expiration", "2026-06-01T02:00:00.5+01:00")]);
        UserInfo grouped = await IdentifyAsync(world, Token);

        Assert.Equal("system:bootstrap:abcdef", plain.Name);
        Assert.Equal(["system:bootstrappers", "system:authenticated"], plain.Groups);
        Assert.Equal(["system:bootstrappers", "system:bootstrappers:a:b-1", "system:bootstrappers:workers", "system:authenticated"], grouped.Groups);
        Assert.Equal(401, (await Assert.ThrowsAsync<StatusException>(() => world.IdentifyAsync("/clusters/acme/shop/api", null, ("Authorization", "Bearer " + Token)))).Code);

        world.Clock.Now += TimeSpan.FromHours(1) + TimeSpan.FromMilliseconds(501);
        await RefusedAsync(world, Token);
    }

    [Theory]
    [InlineData("abcdef.0123456789abcdeg")]
    [InlineData("abcdef.0123456789abcde")]
    [InlineData("abcdef.0123456789abcdef0")]
    [InlineData("abcdeg.0123456789abcdef")]
    [InlineData("ABCDEF.0123456789abcdef")]
    [InlineData("abcdef.")]
    public async Task Authenticate_AnotherToken_Is401(string token)
    {
        await using AccessWorld world = await StartAsync();
        await PutAsync(world);

        await RefusedAsync(world, token);
    }

    [Theory]
    [InlineData("token-secret", null)]
    [InlineData("token-id", "abcdeg")]
    [InlineData("token-id", null)]
    [InlineData("usage-bootstrap-authentication", "True")]
    [InlineData("usage-bootstrap-authentication", null)]
    [InlineData("expiration", "2026-06-01T00:00:00Z")]
    [InlineData("expiration", "tomorrow")]
    [InlineData("expiration", "2027-01-01")]
    [InlineData("auth-extra-groups", "system:masters")]
    [InlineData("auth-extra-groups", "system:bootstrappers:workers,system:masters")]
    [InlineData("auth-extra-groups", "system:bootstrappers:workers, system:bootstrappers:more")]
    [InlineData("auth-extra-groups", "system:bootstrappers:")]
    [InlineData("auth-extra-groups", "system:bootstrappers")]
    public async Task Authenticate_SecretThatSaysOtherwise_Is401(string key, string? value)
    {
        await using AccessWorld world = await StartAsync();
        await PutAsync(world, data: [(key, value)]);

        await RefusedAsync(world, Token);
    }

    [Fact]
    public async Task Authenticate_SecretOfAnotherTypePlaceOrEnd_Is401()
    {
        await using AccessWorld world = await StartAsync();
        await PutAsync(world, type: "Opaque");
        await RefusedAsync(world, Token);

        await PutAsync(world, deleting: true);
        await RefusedAsync(world, Token);

        await world.WriteAsync(Orrery.Server.Cache.StoreKey.Of(new GroupResource("", "secrets"), ClusterName.Root, "kube-system", "bootstrap-token-abcdef"), null);
        await PutAsync(world, ns: "default");
        await PutAsync(world, cluster: AccessWorld.Shop);
        await RefusedAsync(world, Token);
        Assert.Equal(401, (await Assert.ThrowsAsync<StatusException>(() => world.IdentifyAsync("/clusters/acme/shop/api", null, ("Authorization", "Bearer " + Token)))).Code);
    }

    [Fact]
    public async Task Authenticate_NotEnabled_Is401()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        await PutAsync(world);

        await RefusedAsync(world, Token);
    }

    private static Task<AccessWorld> StartAsync() => AccessWorld.StartAsync(configure: options => options with { AllowsBootstrapTokens = true });

    private static Task PutAsync(
        AccessWorld world, string ns = "kube-system", string type = "bootstrap.kubernetes.io/token", bool deleting = false, ClusterName? cluster = null, (string Key, string? Value)[]? data = null)
    {
        var values = new Dictionary<string, string?> { ["token-id"] = Id, ["token-secret"] = Secret, ["usage-bootstrap-authentication"] = "true" };
        foreach ((string key, string? value) in data ?? [])
        {
            values[key] = value;
        }

        var json = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Secret",
            ["metadata"] = new JsonObject { ["name"] = "bootstrap-token-" + Id, ["namespace"] = ns, ["deletionTimestamp"] = deleting ? "2026-06-01T00:00:00Z" : null },
            ["type"] = type,
            ["data"] = new JsonObject(values.Where(v => v.Value is not null).Select(v => KeyValuePair.Create(v.Key, (JsonNode?)Convert.ToBase64String(Encoding.UTF8.GetBytes(v.Value!))))),
        };
        if (!deleting)
        {
            json.Metadata.Remove("deletionTimestamp");
        }

        return world.PutAsync(cluster ?? ClusterName.Root, "secrets", json.ToJsonString());
    }

    private static Task<UserInfo> IdentifyAsync(AccessWorld world, string token) => world.IdentifyAsync("/api", null, ("Authorization", "Bearer " + token));

    private static async Task RefusedAsync(AccessWorld world, string token) =>
        Assert.Equal(401, (await Assert.ThrowsAsync<StatusException>(() => IdentifyAsync(world, token))).Code);
}
