using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Encryption;
using Orrery.Storage;
using Orrery.Storage.Memory;
using Orrery.Testing;

namespace Orrery.Server.Tests.Encryption;

/// <summary>What is configured to be encrypted is encrypted in the store, plain through the API, and can be turned to other keys.</summary>
public sealed class EncryptionTests
{
    private const string First = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", Second = "YWJjZGVmZ2hpamtsbW5vcGFiY2RlZmdoaWprbG1ub3A=";
    private const string SecretKey = "/core/secrets/-/default/s";
    private static readonly GroupVersionResource Secrets = new("", "v1", "secrets");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A configuration for secrets; each key is <c>name=secret</c>.</summary>
    private static EncryptionConfiguration Keys(bool plain, params string[] keys)
    {
        string list = string.Join(", ", keys.Select(k => $"{{name: {k.Split('=', 2)[0]}, secret: {k.Split('=', 2)[1]}}}"));
        return EncryptionConfiguration.Parse(
            $"{{apiVersion: apiserver.config.k8s.io/v1, kind: EncryptionConfiguration, resources: [{{resources: [secrets], providers: [{{aesgcm: {{keys: [{list}]}}}}{(plain ? ", {identity: {}}" : "")}]}}]}}");
    }

    private static Task<TestServer> StartAsync(IStore store, EncryptionConfiguration? encryption) =>
        TestServer.StartAsync(new TestServerOptions { Store = store, Configure = options => options with { Encryption = encryption } }, Token);

    private static JsonObject Secret(string name, string value) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name }, ["stringData"] = new JsonObject { ["password"] = value },
    };

    private static async Task<string> RawAsync(IStore store, string key) => Encoding.Latin1.GetString((await store.GetAsync(key, Token))!.Value.Span);

    private static string Password(KubeObject secret) => Encoding.UTF8.GetString(Convert.FromBase64String(secret.TextAt("data", "password")!));

    /// <returns>Null where it is ready.</returns>
    private static async Task<string?> NotReadyAsync(TestServer server)
    {
        try
        {
            Assert.Equal("ok", await server.Admin.GetTextAsync("/readyz", Token));
            return null;
        }
        catch (StatusException unready) when (unready.Code == 500)
        {
            return unready.Message;
        }
    }

    private static async Task<MemoryStore> StoreWithSecretAsync(EncryptionConfiguration? encryption)
    {
        var store = new MemoryStore(TimeProvider.System);
        await using TestServer server = await StartAsync(store, encryption);
        await server.Admin.CreateAsync(Secrets, "default", Secret("s", "hunter2"), Token);
        await server.Admin.CreateAsync(Secrets, "default", Secret("mine", "x"), Token);
        await server.Admin.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("c"), Token);
        Assert.Equal("hunter2", Password(await server.Admin.GetAsync(Secrets, "default", "s", Token)));
        return store;
    }

    [Fact]
    public async Task Secret_IsEncryptedInTheStore_AndPlainThroughTheApi()
    {
        await using MemoryStore store = await StoreWithSecretAsync(Keys(false, "one=" + First));

        string raw = await RawAsync(store, SecretKey);
        Assert.StartsWith("orrery:enc:aesgcm:v1:one:", raw, StringComparison.Ordinal);
        Assert.DoesNotContain("\"kind\"", raw, StringComparison.Ordinal);
        Assert.StartsWith("{\"apiVersion\"", await RawAsync(store, "/core/configmaps/-/default/c"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NewKeyFirst_AtTheNextStart_EverythingIsWrittenByItAndTheOldKeyCanGo()
    {
        await using MemoryStore store = await StoreWithSecretAsync(null);
        Task TurnedAsync(string key) => Eventually.TrueAsync(
            async () => (await RawAsync(store, SecretKey)).StartsWith($"orrery:enc:aesgcm:v1:{key}:", StringComparison.Ordinal), $"encrypted by key {key}", cancellationToken: Token);

        // 1. From the clear to a first key, 2. to a second one.
        await using (await StartAsync(store, Keys(true, "one=" + First)))
        {
            await TurnedAsync("one");
        }

        await using (await StartAsync(store, Keys(false, "two=" + Second, "one=" + First)))
        {
            await TurnedAsync("two");
            await Eventually.TrueAsync(async () => (await RawAsync(store, "/core/secrets/-/default/mine")).Contains(":two:", StringComparison.Ordinal), "all of them", cancellationToken: Token);
        }

        // 3. The first can be dropped, although the past of the store still holds what it made.
        await using TestServer after = await StartAsync(store, Keys(false, "two=" + Second));
        Assert.Equal("hunter2", Password(await after.Admin.GetAsync(Secrets, "default", "s", Token)));
    }

    [Fact]
    public async Task Rewrite_WhereSomeCannotBeRead_LeavesThoseAsTheyAreAndGoesOn()
    {
        await using MemoryStore store = await StoreWithSecretAsync(Keys(false, "one=" + First));
        StoredValue good = (await store.GetAsync(SecretKey, Token))!;
        byte[] damaged = good.Value.ToArray();
        damaged[^1] ^= 1;
        const string damagedKey = "/core/secrets/-/default/a-damaged", foreignKey = "/core/secrets/-/default/b-foreign";
        byte[] foreign = new AesGcmKey("three", [.. Enumerable.Repeat((byte)7, 32)]).Encrypt(foreignKey, "{}"u8);
        await store.CommitAsync(new Transaction([], [new Write(damagedKey, damaged), new Write(foreignKey, foreign)]), Token);

        Rewriting done = await EncryptedStore.Over(store, Keys(false, "two=" + Second, "one=" + First)).RewriteAsync(Token);

        Assert.Equal([damagedKey, foreignKey], done.Unread.Select(u => u.Key));
        Assert.Equal("it was damaged, or made for another place", done.Unread[0].Problem);
        Assert.Equal(damaged, (await store.GetAsync(damagedKey, Token))!.Value.ToArray());
        Assert.Equal(foreign, (await store.GetAsync(foreignKey, Token))!.Value.ToArray());
        Assert.StartsWith("orrery:enc:aesgcm:v1:two:", await RawAsync(store, SecretKey), StringComparison.Ordinal);
        Assert.StartsWith("orrery:enc:aesgcm:v1:two:", await RawAsync(store, "/core/secrets/-/default/mine"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task KeyThatIsGone_AtStart_IsNamedWithWhereButNotWhat()
    {
        await using MemoryStore store = await StoreWithSecretAsync(Keys(false, "one=" + First));

        StoreException refusal = await Assert.ThrowsAsync<StoreException>(() => StartAsync(store, Keys(false, "two=" + Second)));

        Assert.Equal("values under /core/secrets/ are encrypted by a key (aesgcm 'one') that the encryption configuration does not hold", refusal.Message);
    }

    [Fact]
    public async Task NoConfiguration_OverEncryptedValues_IsRefusedAtStart()
    {
        await using MemoryStore store = await StoreWithSecretAsync(Keys(false, "one=" + First));

        StoreException refusal = await Assert.ThrowsAsync<StoreException>(() => StartAsync(store, null));

        Assert.Equal("values under /core/secrets/ are encrypted by a key (aesgcm 'one') that the encryption configuration does not hold", refusal.Message);
    }

    /// <summary>It could answer nothing: a balancer is to ask the others.</summary>
    [Fact]
    public async Task KeyThatAnotherServerBringsIn_LeavesThoseWithoutItNotReady()
    {
        await using var store = new MemoryStore(TimeProvider.System);
        await using TestServer behind = await StartAsync(new StoreOfSeveral(store), null);
        IStore ahead = EncryptedStore.Over(store, Keys(true, "one=" + First));
        Assert.Null(await NotReadyAsync(behind));

        await ahead.CommitAsync(new Transaction([], [new Write(SecretKey, """{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","namespace":"default"}}"""u8.ToArray())]), Token);

        await Eventually.TrueAsync(
            async () => await NotReadyAsync(behind) is { } report && report.Contains("[+]etcd ok\n[-]informer-sync failed", StringComparison.Ordinal), "it is not ready", cancellationToken: Token);
        Assert.Equal("ok", await behind.Admin.GetTextAsync("/livez", Token));

        await using TestServer restarted = await StartAsync(new StoreOfSeveral(store), Keys(true, "one=" + First));
        Assert.Null(await NotReadyAsync(restarted));
    }

    [Fact]
    public async Task PlainValue_WhereIdentityIsNotListed_IsRefusedAtStart()
    {
        await using MemoryStore store = await StoreWithSecretAsync(null);

        StoreException refusal = await Assert.ThrowsAsync<StoreException>(() => StartAsync(store, Keys(false, "one=" + First)));

        Assert.Equal("values under /core/secrets/ are stored in the clear, and the encryption configuration does not list 'identity' for them", refusal.Message);
    }

    [Fact]
    public async Task Ciphertext_MovedToAnotherSecret_IsNotServedAsThatSecret()
    {
        await using MemoryStore store = await StoreWithSecretAsync(Keys(false, "one=" + First));
        StoredValue stolen = (await store.GetAsync(SecretKey, Token))!;
        await store.CommitAsync(new Transaction([], [new Write("/core/secrets/-/default/mine", stolen.Value)]), Token);

        await using TestServer again = await StartAsync(store, Keys(false, "one=" + First));

        Assert.Equal(404, (await Assert.ThrowsAsync<StatusException>(() => again.Admin.GetAsync(Secrets, "default", "mine", Token))).Code);
        Assert.Equal("hunter2", Password(await again.Admin.GetAsync(Secrets, "default", "s", Token)));
    }

    [Theory]
    [InlineData("aesgcm")]
    [InlineData("secretbox")]
    public void Encrypt_OfTheSame_IsNeverTheSame_AndDecryptsAtItsPlaceOnly(string kind)
    {
        byte[] secret = Convert.FromBase64String(First);
        EncryptionKey key = kind == "aesgcm" ? new AesGcmKey("one", secret) : new SecretBoxKey("one", secret);
        byte[] a = key.Encrypt("/a", "text"u8), b = key.Encrypt("/a", "text"u8);

        Assert.NotEqual(a, b);
        Assert.Equal("text"u8.ToArray(), key.Decrypt("/a", a));
        Assert.Null(key.Decrypt("/b", a));
        a[^1] ^= 1;
        Assert.Null(key.Decrypt("/a", a));
        Assert.Null(key.Decrypt("/a", a.AsSpan(0, 40)));
        Assert.Null(new SecretBoxKey("one", Convert.FromBase64String(Second)).Decrypt("/b", new SecretBoxKey("one", secret).Encrypt("/b", "text"u8)));
    }

    /// <summary>From one provider to the other, as between two keys of one.</summary>
    [Fact]
    public async Task SecretBox_TakesOverFromAesGcm_AndReadsBack()
    {
        await using MemoryStore store = await StoreWithSecretAsync(Keys(false, "one=" + First));
        EncryptionConfiguration turned = EncryptionConfiguration.Parse(
            $"{{apiVersion: apiserver.config.k8s.io/v1, kind: EncryptionConfiguration, resources: [{{resources: [secrets], providers: [{{secretbox: {{keys: [{{name: one, secret: {Second}}}]}}}}, {{aesgcm: {{keys: [{{name: one, secret: {First}}}]}}}}]}}]}}");
        await using (TestServer server = await StartAsync(store, turned))
        {
            Assert.Equal("hunter2", Password(await server.Admin.GetAsync(Secrets, "default", "s", Token)));
            await Eventually.TrueAsync(
                async () => (await RawAsync(store, SecretKey)).StartsWith("orrery:enc:secretbox:v1:one:", StringComparison.Ordinal), "encrypted anew", cancellationToken: Token);
        }

        await using TestServer again = await StartAsync(store, turned);
        Assert.Equal("hunter2", Password(await again.Admin.GetAsync(Secrets, "default", "s", Token)));
    }

    [Theory]
    [InlineData("secrets", "", "secrets", true)]
    [InlineData("secrets", "example.com", "secrets", false)]
    [InlineData("deployments.apps", "apps", "deployments", true)]
    [InlineData("deployments.apps", "apps", "deploymentsx", false)]
    [InlineData("*.apps", "apps", "statefulsets", true)]
    [InlineData("*.", "", "configmaps", true)]
    [InlineData("*.", "apps", "deployments", false)]
    [InlineData("*.*", "x.example.com", "widgets", true)]
    public void Concerns_Pattern_AsKubernetesReadsIt(string pattern, string group, string resource, bool expected) =>
        Assert.Equal(expected, new EncryptionRule([pattern], [], false, false).Concerns(new GroupResource(group, resource)));

    [Theory]
    [InlineData("resources: []", "resources: want a list that is not empty")]
    [InlineData("resource: []", "resource: no such field")]
    [InlineData("resources: [{resources: [secrets], providers: [{aescbc: {}}]}]", "resources[0].providers[0]: \"aescbc\" is not built; there are aesgcm, secretbox and identity")]
    [InlineData("resources: [{resources: [secrets], providers: [{secretbox: {keys: [{name: a, secret: MDEyMzQ1Njc4OTAxMjM0NQ==}]}}]}]", "resources[0].providers[0].secretbox.keys[0].secret: want 32 random bytes in base64")]
    [InlineData("resources: [{resources: [secrets], providers: [{aesgcm: {keys: [{name: a, secret: c2hvcnQ=}]}}]}]", "resources[0].providers[0].aesgcm.keys[0].secret: want 16, 24 or 32 random bytes in base64")]
    [InlineData("resources: [{resources: [secrets], providers: [{aesgcm: {keys: [{name: 'a:b', secret: x}]}}]}]", "resources[0].providers[0].aesgcm.keys[0].name: want 1 to 64 letters, digits, '-', '_' or '.'")]
    public void Parse_WhatMakesNoSense_NamesTheField(string yaml, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => EncryptionConfiguration.Parse($"{{kind: EncryptionConfiguration, apiVersion: apiserver.config.k8s.io/v1, {yaml}}}")).Message);
}
