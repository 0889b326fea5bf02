using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Joining;

/// <summary>
/// Gets the satellite its certificate and keeps it good: by a token at first, by the certificate itself before it expires (with a new key), and
/// afterwards by the former key, which an operator must approve, or by another token.
/// </summary>
internal sealed class Enrollment(string dataPlane, IdentityStore store, JoinOptions options, TimeProvider time, ILogger logger)
{
    /// <summary>A clock that is wrong by more is told of.</summary>
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(5);

    private readonly PollPace polls = new(options.PollInterval, options.LongestPoll);
    private SatelliteIdentity? identity;

    /// <summary>Where the control plane is, as it was last believed.</summary>
    private Uri? used;
    private volatile TaskCompletionSource moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CertificateAge? age;
    private TlsIdentity? tls;
    private string clusterUid = "";
    private string refusedToken = "";

    /// <summary>Digest of the token that the request under way was made with; empty when it was made before this process, or without any.</summary>
    private string askedWith = "";
    private string said = "";

    /// <summary>Why the control plane could not be asked whether it lets this satellite in.</summary>
    private string unheard = "";

    /// <summary>Why it could not be looked whether its Secret is there.</summary>
    private string unkept = "";

    /// <summary>Whom the invitation says to trust, which a pin does not say by itself.</summary>
    private (JoinInvitation By, string AuthoritiesPem)? invited;

    /// <summary>The certificate holds, and the control plane lets nobody in by it: it was revoked, or its authority is gone.</summary>
    private bool isShutOut;

    /// <summary>By the control plane's clock the certificate has expired, or has not begun: one of the two clocks was another when it was issued.</summary>
    private bool isUntimely;

    /// <summary>Nobody is found where the control plane was, or nobody who is trusted.</summary>
    private bool isAbsent;

    /// <summary>While it is absent, a token is there that was not joined with: it says where it is now.</summary>
    private bool isCalled;

    /// <summary>Whether a request was sent that is not answered.</summary>
    private bool isAnswerDue;

    /// <summary>How to reach the control plane as this satellite. Good once <see cref="JoinAsync"/> has ended, and until <see cref="Moved"/>, as it was asked for before, does.</summary>
    public ClientConfig Config => new(identity!.Server) { TlsSource = () => tls!, Proxy = options.Proxy };

    /// <summary>Ends once the control plane is at another address than now.</summary>
    public Task Moved => moved.Task;

    /// <summary>Ends once there is a certificate, however old: for as long as that takes.</summary>
    public async Task JoinAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                await OpenAsync(cancellationToken).ConfigureAwait(false);
                if (tls is not null || await ObtainAsync(cancellationToken).ConfigureAwait(false))
                {
                    return;
                }
            }
            catch (Exception e) when (IsPassing(e) && !cancellationToken.IsCancellationRequested)
            {
                Tell(e.Message);
            }

            await Task.Delay(polls.Next(said), time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Replaces the certificate in time, and follows the control plane's authorities, until cancelled.</summary>
    public async Task KeepAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            // 1. Whether what it is known by is still kept.
            await TryAsync(KeepSecretAsync, TellUnkept, cancellationToken).ConfigureAwait(false);

            // 2. Whether it is let in, and by whom the control plane will be known.
            await TryAsync(FollowAuthoritiesAsync, TellUnheard, cancellationToken).ConfigureAwait(false);

            // 3. Another certificate: in time, or because nobody takes this one. With a new one it is looked at once more by whom the control plane is known:
            // what the token came with may say less.
            bool obtained = false;
            isAnswerDue = false;
            isCalled = isAbsent && !isShutOut && !IsExpired && await IsInvitedAsync(cancellationToken).ConfigureAwait(false);
            bool isDue = isShutOut || isUntimely || isCalled || age!.IsDue;
            if (isDue)
            {
                await TryAsync(async token => obtained = await ObtainAsync(token).ConfigureAwait(false), Tell, cancellationToken).ConfigureAwait(false);
            }

            if (!obtained)
            {
                await Task.Delay(isAnswerDue ? polls.Next(said) : isDue ? options.LookInterval : NextLook, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task TryAsync(Func<CancellationToken, Task> step, Action<string> tell, CancellationToken cancellationToken)
    {
        try
        {
            await step(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (IsPassing(e) && !cancellationToken.IsCancellationRequested)
        {
            tell(e.Message);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The satellite stops.
        }
    }

    /// <summary>Certificates may live for less than from one look to the next; one that has become due since this look is replaced now.</summary>
    private TimeSpan NextLook => age!.Left is var left && left > TimeSpan.Zero ? left < options.LookInterval ? left : options.LookInterval : TimeSpan.Zero;

    private bool IsExpired => age is { IsOver: true };

    /// <summary>Takes up what the Secret holds, if it was issued to this cluster.</summary>
    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        if (clusterUid.Length > 0)
        {
            return;
        }

        string uid = await store.ClusterUidAsync(cancellationToken).ConfigureAwait(false);
        SatelliteIdentity? kept = await store.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (kept is not null && (kept.ClusterUid != uid || kept.DataPlane != dataPlane))
        {
            Log.IdentityOfAnother(logger, dataPlane, kept.DataPlane, kept.ClusterUid);
            kept = null;
        }

        if (store.IsUnreadable)
        {
            Log.IdentityUnreadable(logger, dataPlane);
        }

        clusterUid = uid;
        if (kept is not null)
        {
            Use(kept);
            age = tls is null ? null : CertificateAge.OfKept(tls.Certificate!, time);
        }
    }

    /// <returns>False while the answer is not there.</returns>
    private async Task<bool> ObtainAsync(CancellationToken cancellationToken)
    {
        // 1. By which credential to ask.
        bool isGood = tls is not null && !IsExpired && !isShutOut && !isUntimely && !isCalled;
        JoinInvitation? invitation = isGood ? null : await options.Invitation(cancellationToken).ConfigureAwait(false);
        invitation = IsUnused(invitation) ? invitation : null;

        if (invitation is null && tls is null)
        {
            Tell(refusedToken.Length > 0 ? "the token was refused; another is needed ('orrery data-plane token')" : "there is no token to join with");
            return false;
        }

        if (invitation is null && isShutOut)
        {
            Tell($"it was revoked, or its DataPlane made anew; another token is needed ('orrery data-plane token {dataPlane}')");
            return false;
        }

        // 2. For which key: that of a request under way, or a new one, kept before anybody is asked.
        // Whom to ask and trust is what the invitation says that is there now: the one that a request was begun with may have been wrong.
        if (invitation is not null && invited?.By != invitation)
        {
            invited = (invitation, await ServerTrust.AuthoritiesAsync(invitation, options.Proxy, time, cancellationToken).ConfigureAwait(false));
        }

        SatelliteIdentity asking = identity ?? new SatelliteIdentity(dataPlane, clusterUid, invitation!.Server, invited!.Value.AuthoritiesPem, null, null, null, null);

        // Until it has let it in, who invites it may be nobody: where the control plane was is not forgotten for that.
        SatelliteIdentity there = invitation is null ? asking : asking with { Server = invitation.Server, AuthoritiesPem = invited!.Value.AuthoritiesPem };
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        if (asking.NextKeyPem is { } begun)
        {
            key.ImportFromPem(begun);
        }
        else
        {
            asking = asking with { NextKeyPem = key.ExportPkcs8PrivateKeyPem() };
            askedWith = invitation?.TokenDigest ?? "";
            await store.WriteAsync(asking, cancellationToken).ConfigureAwait(false);
            identity = asking;
        }

        // 3. Ask.
        var order = new CertificateOrder(dataPlane, clusterUid, key, options.CertificateLifetime);
        var config = new ClientConfig(there.Server, there.Authorities(), invitation is null ? tls!.Certificate : null, invitation?.Token) { Proxy = options.Proxy };
        using var controlPlane = new KubeClient(config, time);
        string? certificate;
        try
        {
            isAnswerDue = true;
            certificate = await order.LookAsync(controlPlane, cancellationToken).ConfigureAwait(false);
        }
        catch (JoinRefusedException refusal)
        {
            // Another key makes another request. By the token that this one was made with it would be refused as well; one from before a restart
            // says nothing of a token that came since.
            Log.JoinRefused(logger, dataPlane, order.Name, refusal.Message);
            refusedToken = invitation is not null && askedWith == invitation.TokenDigest ? askedWith : refusedToken;
            identity = asking with { NextKeyPem = null };

            // The next request waits for the next look: it may be refused as well, and each stands for an hour.
            isAnswerDue = false;
            await store.WriteAsync(identity, cancellationToken).ConfigureAwait(false);
            return false;
        }
        catch (StatusException e) when (e.Code == 401 && invitation is not null)
        {
            refusedToken = invitation.TokenDigest;
            Tell("the token is not good any more");
            return false;
        }

        if (certificate is null && invitation is not null && order.WaitsForOperator)
        {
            // By the token nobody need approve anything, if it is asked with: for another key, as what was asked for this one was asked without.
            identity = asking with { NextKeyPem = null };
            await store.WriteAsync(identity, cancellationToken).ConfigureAwait(false);
            return await ObtainAsync(cancellationToken).ConfigureAwait(false);
        }

        if (certificate is null)
        {
            Tell(isGood || invitation is not null ? $"waiting for certificate request {order.Name}" : $"{age!.Untimely(tls!.Certificate!)}: certificate request {order.Name} waits for an operator ('orrery data-plane approve {dataPlane}')");
            return false;
        }

        // 4. Keep it.
        SatelliteIdentity issued = there with
        {
            NextKeyPem = null, CertificatePem = certificate, KeyPem = key.ExportPkcs8PrivateKeyPem(), UsedToken = invitation?.TokenDigest ?? asking.UsedToken,
        };
        await store.WriteAsync(issued, cancellationToken).ConfigureAwait(false);
        Use(issued);
        age = CertificateAge.OfNew(tls!.Certificate!, time);
        said = "";
        isShutOut = false;
        isUntimely = false;
        isCalled = false;
        Log.CertificateIssued(logger, dataPlane, Conditions.Time(tls.Certificate!.NotAfter.ToUniversalTime()));
        if (age.Ahead.Duration() > ClockTolerance)
        {
            Log.ClockDiffers(logger, dataPlane, Conditions.Time(time.GetUtcNow()), age.Ahead > TimeSpan.Zero ? "ahead" : "behind", age.Ahead.Duration());
        }

        return true;
    }

    private bool IsUnused(JoinInvitation? invitation) => invitation is not null && invitation.TokenDigest != identity?.UsedToken && invitation.TokenDigest != refusedToken;

    private async Task<bool> IsInvitedAsync(CancellationToken cancellationToken)
    {
        try
        {
            return IsUnused(await options.Invitation(cancellationToken).ConfigureAwait(false));
        }
        catch (Exception e) when (IsPassing(e))
        {
            // Its cluster is away too, or stops it.
            return false;
        }
    }

    private async Task KeepSecretAsync(CancellationToken cancellationToken)
    {
        string taken = "";
        try
        {
            if (await store.RestoreAsync(identity!, cancellationToken).ConfigureAwait(false))
            {
                Log.IdentityRestored(logger, dataPlane);
            }
        }
        catch (InvalidDataException another)
        {
            taken = another.Message;
            if (taken != unkept)
            {
                Log.IdentityTaken(logger, dataPlane, taken);
            }
        }

        unkept = taken;
    }

    /// <summary>The control plane tells in advance which authorities it will use: they are in its namespace of ours, as in every namespace.</summary>
    private async Task FollowAuthoritiesAsync(CancellationToken cancellationToken)
    {
        using var controlPlane = new KubeClient(Config, time);
        KubeObject told;
        isAbsent = true;
        try
        {
            told = await controlPlane.GetAsync(
                ClusterResources.ConfigMaps, OrreryNames.DataPlaneNamespace(dataPlane), JoinNames.AuthoritiesConfigMap, cancellationToken).ConfigureAwait(false);
            isAbsent = false;
            isShutOut = false;
            isUntimely = false;
            unheard = "";
        }
        catch (StatusException e)
        {
            isAbsent = false;
            if (e.Code is not (401 or 403))
            {
                throw;
            }

            // Perhaps for a moment, while its roles are made; with another token it is let in again either way. One that has expired, by whichever clock, has its own way back.
            isUntimely = e.Message.Contains(JoinNames.ExpiredUserPrefix, StringComparison.Ordinal);
            isShutOut = !IsExpired && !isUntimely;
            throw;
        }

        if (told.TextAt("data", "ca.crt") is { Length: > 0 } pem && pem != identity!.AuthoritiesPem && SatelliteIdentity.Pem(pem).Count > 0)
        {
            SatelliteIdentity follows = identity with { AuthoritiesPem = pem };
            await store.WriteAsync(follows, cancellationToken).ConfigureAwait(false);
            Use(follows);
            Log.AuthoritiesChanged(logger, dataPlane, SatelliteIdentity.Pem(pem).Count);
        }
    }

    private void Use(SatelliteIdentity now)
    {
        bool isElsewhere = tls is not null && used != now.Server;
        used = now.Server;
        identity = now;
        if (now.Certificate() is { } certificate)
        {
            tls = new TlsIdentity(certificate, now.Authorities());
        }

        if (isElsewhere)
        {
            TaskCompletionSource former = moved;
            moved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            former.TrySetResult();
        }
    }

    /// <summary>Apart from what is said of certificates, or each would make the other look new.</summary>
    private void TellUnheard(string fault)
    {
        if (fault != unheard)
        {
            unheard = fault;
            Log.CertificateUnheard(logger, dataPlane, fault);
        }
    }

    private void TellUnkept(string fault)
    {
        if (fault != unkept)
        {
            unkept = fault;
            Log.IdentityUnkept(logger, dataPlane, fault);
        }
    }

    private void Tell(string fault)
    {
        // Days offline are a line in the log, not a line a try.
        if (fault != said)
        {
            said = fault;
            Log.JoinWaits(logger, dataPlane, fault);
        }
    }

    private static bool IsPassing(Exception e) => Retry.IsAway(e) || e is InvalidDataException;
}
