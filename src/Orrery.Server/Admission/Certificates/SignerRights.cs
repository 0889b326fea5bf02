using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Certificates;
using Orrery.Server.Authorization;

namespace Orrery.Server.Admission.Certificates;

/// <summary>
/// Approving a request needs the verb <c>approve</c> on its signer, by name or for its whole domain. Upstream:
/// <c>plugin/pkg/admission/certificates/approval</c>.
/// </summary>
internal sealed class CertificateApproval(IAuthorizer authorizer) : IValidatingPlugin
{
    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.GroupResource == SigningRequests.Resource && request is { Subresource: "approval", Operation: AdmissionOperation.Update, Old: { } old, IsControlPlane: false })
        {
            SignerRights.Require(authorizer, request, "approve", old);
        }

        return ValueTask.CompletedTask;
    }
}

/// <summary>Writing a certificate, or that signing failed, needs the verb <c>sign</c>. Upstream: <c>plugin/pkg/admission/certificates/signing</c>.</summary>
internal sealed class CertificateSigning(IAuthorizer authorizer) : IValidatingPlugin
{
    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.GroupResource == SigningRequests.Resource && request is { Subresource: "status", Operation: AdmissionOperation.Update, Old: { } old, Object: { } json, IsControlPlane: false }
            && !JsonNode.DeepEquals(old["status"], json["status"]))
        {
            SignerRights.Require(authorizer, request, "sign", old);
        }

        return ValueTask.CompletedTask;
    }
}

/// <summary>Nobody asks for a client certificate of <c>system:masters</c>. Upstream: <c>plugin/pkg/admission/certificates/subjectrestriction</c>.</summary>
internal sealed class CertificateSubjectRestriction : IValidatingPlugin
{
    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.GroupResource == SigningRequests.Resource && request is { Subresource: "", Operation: AdmissionOperation.Create, Object: { } json }
            && json.TextAt("spec", "signerName") == SigningRequests.ClientSigner
            && SigningRequests.Read(json) is { } asked && CertificateSubject.Organizations(asked.SubjectName).Contains(Authentication.UserGroups.Masters))
        {
            throw ApiErrors.Forbidden(request.GroupResource, request.Name, $"use of {SigningRequests.ClientSigner} signer with system:masters group is not allowed");
        }

        return ValueTask.CompletedTask;
    }
}

internal static class SignerRights
{
    /// <exception cref="StatusException">403.</exception>
    public static void Require(IAuthorizer authorizer, AdmissionRequest request, string verb, JsonObject signingRequest)
    {
        string signer = signingRequest.TextAt("spec", "signerName") ?? "";
        var right = new AuthorizationAttributes
        {
            User = request.User, Cluster = request.Cluster, Verb = verb, Group = SigningRequests.Resource.Group, Version = "*", Resource = "signers", Name = signer,
        };
        if (!authorizer.Authorize(right).Allowed && !authorizer.Authorize(right with { Name = signer.Split('/')[0] + "/*" }).Allowed)
        {
            string what = verb == "approve" ? "approve" : "sign";
            throw ApiErrors.Forbidden(request.GroupResource, request.Name, $"user not permitted to {what} requests with signerName \"{signer}\"");
        }
    }
}
