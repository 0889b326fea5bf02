using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Apply;
using Orrery.Server.Requests;
using Orrery.Server.Security;

namespace Orrery.Server.Handlers;

/// <summary>POST of a review: a question that is answered at once and kept nowhere.</summary>
internal static class ReviewHandler
{
    public static bool Answers(GroupResource resource) => resource.Group is "authorization.k8s.io" or "authentication.k8s.io";

    public static async Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        if (request.Info.Verb != "create" || request.Info.IsNameInPath)
        {
            throw ApiErrors.MethodNotAllowed();
        }

        AnswerFormat format = Negotiation.AnswerWithoutTable(request.Http.Request.Headers.Accept);
        WriteOptions options = request.WriteOptions("CreateOptions");
        JsonObject review = await CreateHandler.ReadObjectAsync(request, options, cancellationToken);
        FieldManager.Update(null, review, request.Resource.Schema, options.FieldManager, null, request.Server.Time.GetUtcNow());
        review = await SubresourceBody.AdmitAsync(request, request.Scope(options), request.Resource.Kind, review, cancellationToken);
        await ObjectResponse.WriteJsonAsync(request.Http, 201, await AnswerAsync(request, review, cancellationToken), format.IsProtobuf, cancellationToken);
    }

    private static async ValueTask<JsonObject> AnswerAsync(ResourceRequest request, JsonObject review, CancellationToken cancellationToken)
    {
        AccessControl access = request.Server.Access;
        return request.Resource.Resource.Resource switch
        {
            "selfsubjectaccessreviews" => await access.AccessReviews.SelfAsync(request.User, request.Cluster, review, cancellationToken),
            "subjectaccessreviews" => await access.AccessReviews.SubjectAsync(request.Cluster, review, cancellationToken),
            "localsubjectaccessreviews" => await access.AccessReviews.LocalAsync(request.Cluster, request.Namespace, review, cancellationToken),
            "selfsubjectrulesreviews" => access.AccessReviews.SelfRules(request.User, request.Cluster, review),
            "selfsubjectreviews" => access.IdentityReviews.Self(request.User),
            "tokenreviews" => await access.IdentityReviews.TokenAsync(request.Cluster, review, cancellationToken),
            _ => throw ApiErrors.NoSuchResource(),
        };
    }
}
